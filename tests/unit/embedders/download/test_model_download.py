"""Tests of downloads from a hub on the loopback interface, both a correct and a faulty one."""

import errno
import json
import shutil
import threading
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contracts.embedder_contract import pictures
from helpers import rounding
from helpers.hub_server import Fault, HubServer
from helpers.tiny_clip import TINY_CONFIG
from helpers.tiny_offer import NAME, REPOSITORY, WEIGHTS, entries, offer, stock, write_config

from imagefinder.domain.errors import CancelledError, ModelError
from imagefinder.domain.model_names import BUILTIN, STARTER
from imagefinder.embedders import model_registry
from imagefinder.embedders.catalogue.catalogue import architectures
from imagefinder.embedders.catalogue.downloadable_models import offers
from imagefinder.embedders.catalogue.hub_cache import published_spec
from imagefinder.embedders.catalogue.model_files import bytes_come, coming_folder, remove_model, sole_download
from imagefinder.embedders.download.model_download import DownloadError, download
from imagefinder.embedders.hardware import device
from imagefinder.embedders.importing.importer import imported_models

HALF = 6_000_000


@pytest.fixture(scope="session")
def weights(tiny_safetensors: Path) -> bytes:
    return tiny_safetensors.read_bytes()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture(autouse=True)
def tiny_in_the_tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for table, key, value in entries(write_config(tmp_path / "tiny-clip.json")):
        monkeypatch.setitem(table, key, value)


@pytest.fixture(autouse=True)
def online_without_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow network access, and retry failures without waiting."""
    for name in ("HF_HUB_OFFLINE", "HF_ENDPOINT", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setattr("imagefinder.embedders.download.file_download._WAIT_S", 0)


@pytest.fixture
def hub(weights: bytes) -> Iterator[HubServer]:
    with HubServer() as server:
        stock(server, weights)
        yield server


Get = Callable[..., None]


@pytest.fixture
def get(hub: HubServer, models: Path) -> Get:
    """Function that downloads the tiny model."""

    def get_it(**options: Any) -> None:
        download(NAME, models, **{"mirror": hub.address, **options})

    return get_it


def assert_nothing_usable(models: Path) -> None:
    assert list(imported_models(models)) == []
    with pytest.raises(ModelError, match="not on this machine"):
        model_registry.create(NAME, "cpu", models)


def test_a_downloaded_model_is_used_by_its_name(get: Get, models: Path, weights: bytes) -> None:
    told: list[tuple[int, int | None]] = []
    get(progress=lambda done, total: told.append((done, total)))
    embedder = model_registry.create(NAME, "cpu", models)
    vectors = embedder.encode_images([embedder.prepare(picture) for picture in pictures(3)])
    assert vectors.shape == (3, 48)
    assert embedder.encode_texts(["a photo"]).shape == (1, 48)
    (info,) = [info for info in model_registry.available(models) if info.name == NAME]
    assert (info.installed, info.is_removable, info.partial_bytes) == (True, True, 0)
    counts = [done for done, _ in told]
    assert counts == sorted(counts)
    assert told[-1] == (len(weights), len(weights))
    assert [path.name for path in models.glob(".download-*") if path.is_dir()] == []


def test_the_weights_are_the_hubs_own_bytes(get: Get, models: Path, weights: bytes) -> None:
    get()
    (model,) = imported_models(models)
    assert model.weights.read_bytes() == weights


def test_its_vectors_are_those_of_the_same_model_in_the_hubs_cache(
    get: Get,
    models: Path,
    weights: bytes,
    no_models_of_this_machine: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(device, "has_fast_bfloat16", lambda: False)
    get()
    ours = model_registry.create(NAME, "cpu", models)
    folder = no_models_of_this_machine / f"models--{REPOSITORY.replace('/', '--')}"
    snapshot = folder / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("0" * 40)
    (snapshot / WEIGHTS).write_bytes(weights)
    cached = published_spec(*NAME.split("/"))
    assert cached is not None
    assert cached.id == ours.id
    theirs = model_registry.create(NAME, "cpu", models.parent / "none")
    picture = pictures(1)[0]
    np.testing.assert_allclose(
        ours.encode_images([ours.prepare(picture)]),
        theirs.encode_images([theirs.prepare(picture)]),
        atol=rounding.NETWORK,
    )


def test_a_model_that_is_here_is_not_fetched_again(get: Get, hub: HubServer) -> None:
    get()
    hub.asked.clear()
    get()
    assert hub.asked == []


def test_a_cut_connection_goes_on_where_it_was(get: Get, hub: HubServer, models: Path) -> None:
    hub.fail(WEIGHTS, Fault(cut_after=HALF))
    get()
    assert hub.ranges[0] == ""
    assert hub.ranges[1] == f"bytes={HALF}-"
    assert len(hub.ranges) == 2
    assert len(list(imported_models(models))) == 1


def test_a_server_that_knows_no_ranges_is_read_from_the_beginning(
    get: Get, hub: HubServer, models: Path, weights: bytes
) -> None:
    hub.fail(WEIGHTS, Fault(cut_after=HALF))
    hub.fail(WEIGHTS, Fault(ignores_range=True))
    get()
    assert next(imported_models(models)).weights.read_bytes() == weights


def test_a_server_that_gives_no_length_is_read_to_the_end(get: Get, hub: HubServer, models: Path) -> None:
    hub.fail(WEIGHTS, Fault(has_length=False))
    get()
    assert len(list(imported_models(models))) == 1


def test_what_came_is_kept_when_the_connection_is_cut_for_good(
    get: Get, hub: HubServer, models: Path
) -> None:
    hub.fail(WEIGHTS, Fault(cut_after=HALF))
    hub.fail(WEIGHTS, Fault(cut_after=0), times=3)
    with pytest.raises(DownloadError, match=r"connection to .* was cut.*goes on from there") as caught:
        get()
    assert "127.0.0.1" in str(caught.value)
    assert_nothing_usable(models)
    assert bytes_come(NAME, models) == HALF
    (info,) = [info for info in model_registry.available(models) if info.name == NAME]
    assert (info.installed, info.partial_bytes) == (False, HALF)
    hub.asked.clear()
    get()
    assert hub.ranges == [f"bytes={HALF}-"]


def test_what_came_of_another_version_is_not_mixed_in(
    get: Get, hub: HubServer, models: Path, weights: bytes, tiny_weights: dict[str, Any]
) -> None:
    from safetensors.torch import save

    hub.fail(WEIGHTS, Fault(cut_after=HALF))
    hub.fail(WEIGHTS, Fault(status=404))
    with pytest.raises(ModelError):
        get()
    newer = save({**tiny_weights, "ln_final.bias": tiny_weights["ln_final.bias"] + 1})
    hub.put(REPOSITORY, WEIGHTS, newer)
    hub.asked.clear()
    get()
    assert hub.ranges == [""]
    assert next(imported_models(models)).weights.read_bytes() == newer != weights


def test_wrong_bytes_are_deleted_and_never_loaded(
    get: Get, hub: HubServer, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("loaded")

    hub.fail(WEIGHTS, Fault(has_wrong_bytes=True))
    with monkeypatch.context() as patch:
        patch.setattr("imagefinder.embedders.openclip.prove", never)
        with pytest.raises(ModelError, match=r"its checksum is wrong.*deleted.*nothing of it was used"):
            get()
    assert_nothing_usable(models)
    assert bytes_come(NAME, models) == 0
    get()
    assert len(list(imported_models(models))) == 1


def test_half_a_file_kept_from_a_liar_is_found_out(get: Get, hub: HubServer, models: Path) -> None:
    hub.fail(WEIGHTS, Fault(cut_after=HALF))
    hub.fail(WEIGHTS, Fault(status=403))
    with pytest.raises(ModelError):
        get()
    (part,) = coming_folder(NAME, models).glob("*.part")
    part.write_bytes(b"\0" * HALF)
    with pytest.raises(ModelError, match="checksum is wrong"):
        get()
    assert bytes_come(NAME, models) == 0


def test_a_file_with_another_checksum_than_stated_is_refused(
    get: Get, hub: HubServer, models: Path, weights: bytes
) -> None:
    hub.put(REPOSITORY, WEIGHTS, weights, etag="0" * 64)
    with pytest.raises(ModelError, match="checksum is wrong"):
        get()
    assert_nothing_usable(models)


def test_without_a_stated_checksum_the_file_must_at_least_work(
    get: Get, hub: HubServer, models: Path, weights: bytes
) -> None:
    hub.put(REPOSITORY, WEIGHTS, weights[:-100], etag="some-mirrors-own-tag")
    with pytest.raises(ModelError, match=r"damaged|not a weights file"):
        get()
    assert_nothing_usable(models)
    assert bytes_come(NAME, models) == 0
    hub.put(REPOSITORY, WEIGHTS, weights, etag="some-mirrors-own-tag")
    get()
    assert len(list(imported_models(models))) == 1


def test_weights_of_another_architecture_are_refused_and_leave_nothing(
    get: Get, hub: HubServer, models: Path, tiny_weights: dict[str, Any]
) -> None:
    from safetensors.torch import save

    hub.put(REPOSITORY, WEIGHTS, save({name: w for name, w in tiny_weights.items() if name != "visual.proj"}))
    with pytest.raises(ModelError, match=r"visual\.proj"):
        get()
    assert_nothing_usable(models)
    assert bytes_come(NAME, models) == 0


def test_where_the_hub_has_only_a_pytorch_file_it_is_converted(
    get: Get, hub: HubServer, models: Path, tiny_weights: dict[str, Any], tmp_path: Path
) -> None:
    import torch

    torch.save(tiny_weights, tmp_path / "weights.bin")
    hub.files.clear()
    hub.put(REPOSITORY, "open_clip_pytorch_model.bin", (tmp_path / "weights.bin").read_bytes())
    get()
    (model,) = imported_models(models)
    assert sorted(path.name for path in model.weights.parent.iterdir()) == [
        "config.json",
        "model.json",
        "weights.safetensors",
    ]
    assert model_registry.create(NAME, "cpu", models).encode_texts(["a photo"]).shape == (1, 48)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault("HEAD", status=401, code="GatedRepo"), "does not give lab/tiny-clip to everybody"),
        (Fault("HEAD", status=403), "does not give lab/tiny-clip to everybody"),
        (Fault("HEAD", status=401, code="RepoNotFound"), "has no .* in lab/tiny-clip"),
        (Fault("HEAD", status=404), "has no .* in lab/tiny-clip: it may have been moved"),
        (Fault("HEAD", status=500), r"out of order just now \(status 500\)"),
        (Fault("HEAD", status=429), "asked too much"),
        (Fault("HEAD", status=407), "proxy wants a name"),
        (Fault("HEAD", status=418), "refuses"),
        (Fault("HEAD", is_html=True), "does not answer as a model hub does"),
    ],
)
def test_each_refusal_has_its_sentence(
    get: Get, hub: HubServer, models: Path, fault: Fault, reason: str
) -> None:
    hub.fail(WEIGHTS, fault, times=4)
    with pytest.raises(ModelError, match=rf"{reason}.*Try again"):
        get()
    assert_nothing_usable(models)


def test_a_passing_trouble_is_waited_out(get: Get, hub: HubServer, models: Path) -> None:
    hub.fail(WEIGHTS, Fault("HEAD", status=503), times=2)
    get()
    assert len(list(imported_models(models))) == 1


def test_a_server_that_never_answers_is_given_up(
    get: Get, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imagefinder.embedders.download.hub._SILENT_S", 0.05)
    hub.fail(WEIGHTS, Fault("HEAD", is_silent=True), times=4)
    with pytest.raises(ModelError, match="does not answer"):
        get()


def test_a_hub_that_is_not_there_is_said_to_be_so(get: Get, hub: HubServer) -> None:
    with pytest.raises(ModelError, match=r"127.0.0.1:1 refuses the connection"):
        get(mirror="http://127.0.0.1:1")
    with pytest.raises(ModelError, match=r"hub\.invalid.*cannot be resolved"):
        get(mirror="http://hub.invalid")


def test_a_hub_that_speaks_no_tls_is_told_from_one_that_is_away(get: Get, hub: HubServer) -> None:
    with pytest.raises(ModelError, match=r"No secure connection to 127\.0\.0\.1"):
        get(mirror=hub.address.replace("http:", "https:"))


@pytest.mark.parametrize("kind", ["http", "socks5", "socks5h"])
def test_a_proxy_that_is_not_there_is_named_without_its_password(get: Get, kind: str) -> None:
    with pytest.raises(ModelError, match=r"The proxy 127.0.0.1:1 cannot be reached") as caught:
        get(mirror="http://hub.invalid", proxy=f"{kind}://me:secret@127.0.0.1:1")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["hub.example", "ftp://hub.example", "https://", "http://a b", "http://h:x"]
)
def test_an_address_that_is_none_is_refused_before_anything_is_sent(get: Get, address: str) -> None:
    with pytest.raises(ModelError, match="is not the address of a hub"):
        get(mirror=address)
    with pytest.raises(ModelError, match="is not the address of a proxy"):
        get(proxy=address)


def test_a_proxy_is_used(get: Get, hub: HubServer, models: Path) -> None:
    """Plain HTTP requests to a proxy contain the full URL."""
    with pytest.raises(ModelError, match=r"has no|does not answer as a model hub"):
        get(mirror="http://hub.invalid", proxy=hub.address)
    assert hub.asked[0].path.startswith("http://hub.invalid/lab/tiny-clip/resolve/")


def test_the_mirror_of_the_environment_is_honoured(
    hub: HubServer, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.address + "/")
    download(NAME, models)
    assert len(list(imported_models(models))) == 1


def test_whoever_works_offline_is_told_why_nothing_is_fetched(
    get: Get, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE"):
        get()
    assert hub.asked == []


def test_nothing_of_the_user_is_sent(get: Get, hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    get()
    for asked in hub.asked:
        assert "authorization" not in asked.headers
        assert "cookie" not in asked.headers
        assert asked.headers["user-agent"] == "imagefinder"


def test_stopping_ends_it_though_the_server_stalls(get: Get, hub: HubServer, models: Path) -> None:
    hub.fail(WEIGHTS, Fault(stall_after=HALF))
    stopped = threading.Event()

    def look(done: int, _total: int | None) -> None:
        if done == HALF:
            stopped.set()

    with pytest.raises(CancelledError):
        get(progress=look, should_stop=stopped.is_set)
    assert_nothing_usable(models)
    assert bytes_come(NAME, models) == HALF
    hub.asked.clear()
    get()
    assert hub.ranges == [f"bytes={HALF}-"]


def test_stopping_ends_it_though_the_server_never_answers(get: Get, hub: HubServer, models: Path) -> None:
    hub.fail(WEIGHTS, Fault("HEAD", is_silent=True))
    with pytest.raises(CancelledError):
        get(should_stop=hub.stalled.is_set)


def test_too_little_room_is_said_before_the_first_byte(
    get: Get, hub: HubServer, models: Path, weights: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, len(weights)))
    with pytest.raises(
        ModelError, match=rf"needs 15 MB.*{len(weights) // 1_000_000} MB are free.*Nothing was downloaded"
    ) as caught:
        get()
    assert str(models) in str(caught.value)
    assert hub.ranges == []


def test_a_disk_that_fills_up_is_one_sentence_and_keeps_what_came(
    get: Get, hub: HubServer, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("imagefinder.embedders.importing.importer.os.fsync", full)
        with pytest.raises(ModelError, match=r"is full\. What has come is kept"):
            get()
    assert_nothing_usable(models)
    hub.asked.clear()
    get()
    assert hub.ranges == [], "all of it had come"


def test_a_folder_that_may_not_be_written_to_is_named(get: Get, models: Path) -> None:
    models.write_text("a file stands in the way")
    with pytest.raises(ModelError, match=f"{models}"):
        get()


def test_two_at_once_are_kept_apart(get: Get, hub: HubServer, models: Path) -> None:
    models.mkdir()
    with sole_download(NAME, models):
        with pytest.raises(ModelError, match="is being downloaded already"):
            get()
        assert hub.ranges == []
    get()
    assert len(list(imported_models(models))) == 1


def test_a_research_licence_is_agreed_to_first(
    get: Get, hub: HubServer, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(offers(), NAME, offer(needs_consent=True, licence="Research only"))
    with pytest.raises(ModelError, match=r"Research only.*https://example.org/licence.*--accept-licence"):
        get()
    assert hub.asked == []
    get(accepts_licence=True)
    assert len(list(imported_models(models))) == 1


def test_only_models_of_the_catalogue_are_downloaded(models: Path) -> None:
    with pytest.raises(ModelError, match=r"no model called “ViT-B-32/opnai” to download.*ViT-B-32/openai"):
        download("ViT-B-32/opnai", models)
    with pytest.raises(ModelError, match="models list"):
        download("ViT-B-32/laion400m_e31", models)


def test_a_repository_that_was_renamed_is_followed(
    get: Get, hub: HubServer, models: Path, weights: bytes
) -> None:
    hub.files.clear()
    hub.put("lab/new-name", WEIGHTS, weights)
    hub.renamed[REPOSITORY] = "lab/new-name"
    get()
    assert len(list(imported_models(models))) == 1


def test_a_removed_model_is_gone_and_its_bytes_are_free(get: Get, models: Path, weights: bytes) -> None:
    get()
    assert remove_model(NAME, models) >= len(weights)
    assert list(models.rglob("*.safetensors")) == []
    assert_nothing_usable(models)
    get()
    assert len(list(imported_models(models))) == 1


def test_what_an_interrupted_download_left_can_be_removed(get: Get, hub: HubServer, models: Path) -> None:
    hub.fail(WEIGHTS, Fault(cut_after=HALF))
    hub.fail(WEIGHTS, Fault(status=403))
    with pytest.raises(ModelError):
        get()
    assert remove_model(NAME, models) == HALF
    assert [path for path in models.rglob("*") if path.is_file() and path.suffix != ".lock"] == []


def test_models_that_are_not_ours_are_not_removed(
    models: Path, no_models_of_this_machine: Path, weights: bytes
) -> None:
    for name in (STARTER, BUILTIN):
        with pytest.raises(ModelError, match="comes with the program"):
            remove_model(name, models)
    with pytest.raises(ModelError, match=r"no model called “tiny-clip/tset”.*tiny-clip/test"):
        remove_model("tiny-clip/tset", models)
    with pytest.raises(ModelError, match="is not on this machine"):
        remove_model(NAME, models)
    folder = no_models_of_this_machine / f"models--{REPOSITORY.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0" * 40)
    kept = folder / "snapshots" / ("0" * 40) / WEIGHTS
    kept.parent.mkdir(parents=True)
    kept.write_bytes(weights)
    with pytest.raises(ModelError, match=r"other programs share.*hf cache"):
        remove_model(NAME, models)
    assert kept.exists()


def test_a_model_whose_files_cannot_be_deleted_stays_whole(
    get: Get, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_use(self: Path, _target: Path) -> Path:
        raise PermissionError(errno.EACCES, "The file is used by another process")

    get()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", in_use)
        with pytest.raises(ModelError, match="close imagefinder's windows"):
            remove_model(NAME, models)
    assert model_registry.create(NAME, "cpu", models).dimension == 48


@pytest.fixture
def languages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Make the tiny model one with a text tower and tokenizer of transformers, like SigLIP 2 and XLM-RoBERTa."""
    text = {**TINY_CONFIG["text_cfg"], "hf_tokenizer_name": "lab/words", "hf_model_name": "lab/tower"}
    config = tmp_path / "languages.json"
    config.write_text(json.dumps({**TINY_CONFIG, "text_cfg": text}))
    monkeypatch.setitem(architectures(), NAME.partition("/")[0], config)
    # Whether transformers can read it is tested elsewhere.
    monkeypatch.setattr("imagefinder.embedders.openclip.prove", lambda _spec: None)


@pytest.mark.usefixtures("languages")
def test_a_tokenizer_comes_along_and_moves_with_the_folder(
    get: Get, hub: HubServer, models: Path, tmp_path: Path
) -> None:
    for repository, name in (
        ("lab/words", "tokenizer_config.json"),
        ("lab/words", "tokenizer.json"),
        ("lab/tower", "config.json"),
    ):
        hub.put(repository, name, name.encode(), is_large=False)
    get()
    (model,) = imported_models(models)
    assert sorted(path.name for path in (model.weights.parent / "tokenizer").iterdir()) == [
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    moved = models.rename(tmp_path / "elsewhere")
    (there,) = imported_models(moved)
    assert there.id == model.id
    for key in ("hf_tokenizer_name", "hf_model_name"):
        assert there.model_cfg["text_cfg"][key] == str(there.weights.parent / "tokenizer")


@pytest.mark.usefixtures("languages")
def test_a_tokenizer_that_is_missing_or_changed_on_the_way_is_told(
    get: Get, hub: HubServer, models: Path
) -> None:
    hub.put("lab/tower", "config.json", b"{}", is_large=False)
    hub.put("lab/words", "tokenizer_config.json", b"{}", is_large=False)
    with pytest.raises(ModelError, match=r"has no tokenizer\.json in lab/words"):
        get()
    hub.put("lab/words", "tokenizer.json", b"{}", is_large=False)
    hub.fail("tokenizer.json", Fault(has_wrong_bytes=True))
    with pytest.raises(ModelError, match=r"sent as tokenizer\.json is not what it says"):
        get()
    assert_nothing_usable(models)


def test_where_a_library_is_missing_nothing_is_downloaded(
    get: Get, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imagefinder.embedders.towers.transformers_support.has_transformers", lambda: False)
    monkeypatch.setitem(offers(), NAME, offer(needs_transformers=True))
    with pytest.raises(ModelError, match=r"imagefinder\[languages\]"):
        get()
    assert hub.asked == []
