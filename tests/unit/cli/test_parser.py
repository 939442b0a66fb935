from collections.abc import Iterator
from pathlib import Path

import pytest

from imagefinder.cli.arguments import wrapped
from imagefinder.cli.parser import language_wanted, make_parser
from imagefinder.domain.errors import UsageError
from imagefinder.translation import use_language


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    use_language("en")
    yield
    use_language("en")


def test_a_general_option_after_the_command_wins_over_one_before_it() -> None:
    parsed = make_parser().parse_args(["--library", "a", "--model", "m", "status", "--library", "b"])
    assert (parsed.library, parsed.model, parsed.device) == ("b", "m", None)


def test_paths_may_stand_between_options() -> None:
    parsed = make_parser().parse_args("add a --exclude x b --ext png c".split())
    assert (parsed.paths, parsed.exclude, parsed.ext) == (["a", "b", "c"], ["x"], "png")


def test_two_dashes_end_the_options() -> None:
    assert make_parser().parse_args(["add", "--no-recurse", "--", "-a", "b"]).paths == ["-a", "b"]


def test_options_that_may_be_repeated_add_up() -> None:
    parsed = make_parser().parse_args("search --in a --in b --image c --image d".split())
    assert (parsed.within, parsed.image, parsed.text) == (["a", "b"], ["c", "d"], [])


def test_a_least_score_may_be_below_zero() -> None:
    assert make_parser().parse_args("search x --min-score=-0.05".split()).min_score == -0.05


@pytest.mark.parametrize(
    "line",
    [
        "add a --bogus",
        "search -n -3 x",
        "models import",
        "search --json --paths x",
        "search x -n 0",
        "search x -n many",
        "search x --min-score 1.01",
        "search x --min-score nan",
        "search x --min-score much",
        "search x --all --min-score 0.2",
        "add",
        "models polish",
        "models import --arch x",
        "-n 3",
    ],
)
def test_what_is_wrong_raises_and_never_exits(line: str) -> None:
    with pytest.raises(UsageError, match="--help"):
        make_parser().parse_args(line.split())


COMMANDS = [
    "",
    "window",
    "add",
    "index",
    "search",
    "status",
    "doctor",
    "remove",
    "models",
    "models list",
    "models use",
    "models import",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as leaving:
        make_parser().parse_args([*command.split(), "--help"])
    text, errors = capsys.readouterr()
    assert (leaving.value.code, errors) == (0, "")
    assert text.startswith(f"usage: imagefinder {command}".rstrip())
    assert max(map(len, text.splitlines())) <= 100
    for option in ("--library", "--model", "--device"):
        assert option in text
    assert "==SUPPRESS==" not in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_in_chinese(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_language("zh_CN")
    monkeypatch.setenv("COLUMNS", "60")
    with pytest.raises(SystemExit):
        make_parser().parse_args([*command.split(), "--help"])
    text, _ = capsys.readouterr()
    assert text.startswith(f"用法：imagefinder {command}".rstrip())
    for english in ("usage", "options", "positional", "show", "general", "\0"):
        assert english not in text.replace("positional arguments", "") or english in command


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("add", "缺少必需的参数：PATH"),
        ("polish", "不能是 'polish'"),
        ("search --in", "参数 --in：需要一个值"),
        ("search -n 0 x", "0 不是结果数量"),
        ("search --json --paths x", "不能与 --json 一起使用"),
        ("search x --bogus", "无法识别的参数：--bogus"),
    ],
)
def test_what_argparse_says_is_said_in_chinese(line: str, said: str) -> None:
    use_language("zh_CN")
    with pytest.raises(UsageError) as refused:
        make_parser().parse_args(line.split())
    assert said in str(refused.value)
    assert str(refused.value).endswith("--help）")


def test_chinese_is_wrapped_by_the_columns_it_takes() -> None:
    assert wrapped("一二三四五六，七八", 12) == ["一二三四五", "六，七八"]
    assert wrapped("用 imagefinder 搜索", 12) == ["用", "imagefinder", "搜索"]
    assert wrapped("", 10) == []


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("", ""),
        ("status", ""),
        ("--language zh_CN status", "zh_CN"),
        ("status --language=zh-cn", "zh_CN"),
        ("search x --lang zh -n 3", "zh_CN"),
        ("--language en", "en"),
        ("--language", ""),
        ("--language klingon", ""),
        ("search -- --language zh", ""),
    ],
)
def test_the_language_is_known_before_all_else_is_read(line: str, language: str) -> None:
    assert language_wanted(line.split()) == language


def test_the_window_takes_its_options_with_and_without_its_name(tmp_path: Path) -> None:
    options = [
        "--screenshot",
        str(tmp_path / "a.png"),
        "--query",
        "a b",
        "--size",
        "1280x800",
        "--theme",
        "dark",
    ]
    for line in (options, ["window", *options], [*options, "window"]):
        parsed = make_parser().parse_args(line)
        assert (parsed.query, parsed.size, parsed.theme) == ("a b", (1280, 800), "dark")
        assert parsed.screenshot == tmp_path / "a.png"
    assert make_parser().parse_args(["window", "a", "b"]).paths == ["a", "b"]


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--size", "big", "1280x800"),
        ("--size", "10x10", "640x480"),
        ("--size", "99999x1000", "7680x4320"),
        ("--theme", "pink", "dark"),
        ("--screenshot", "a.jpg", ".png"),
        ("--screenshot", "/no/such/folder/a.png", "/no/such/folder"),
        ("--screenshot", "", "empty path"),
        ("--language", "klingon", "zh_CN"),
    ],
)
def test_a_window_that_cannot_be_is_refused_with_what_can(option: str, value: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        make_parser().parse_args(["window", option, value])
