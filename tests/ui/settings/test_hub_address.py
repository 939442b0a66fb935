"""Tests of the syntactic validation of addresses of mirrors and proxies."""

import pytest

from imagefinder.ui.settings.hub_address import mirror_problem, proxy_problem


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://hf-mirror.example",
        "http://127.0.0.1:8080",
        "https://mirror.example/folder/",
        "http://[::1]:80",
    ],
)
def test_an_address_of_a_mirror_is_taken(address: str) -> None:
    assert mirror_problem(address) == ""


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("mirror.example", "begin with"),
        ("ftp://mirror.example", "begin with"),
        ("https://", "server name is missing"),
        ("https://:80", "server name is missing"),
        ("https://a..b", "server name is missing"),
        ("https://mirror example", "contain spaces"),
        ("https://mirror.example:port", "port"),
        ("https://mirror.example:99999", "port"),
        ("https://[::1", "port"),
        ("https://mirror.example/?a=b", "can't contain ? or #"),
    ],
)
def test_an_address_that_can_be_none_is_refused_with_its_reason(address: str, why: str) -> None:
    assert why in mirror_problem(address)


@pytest.mark.parametrize(
    "address",
    ["", "http://proxy.example:8080", "socks5h://localhost:1080", "http://user:word@proxy.example:8080/"],
)
def test_an_address_of_a_proxy_is_taken(address: str) -> None:
    assert proxy_problem(address) == ""


@pytest.mark.parametrize(
    "address", ["proxy.example:8080", "http://proxy.example/path", "http://proxy:8080?x"]
)
def test_what_is_no_proxy_is_refused(address: str) -> None:
    assert proxy_problem(address)
