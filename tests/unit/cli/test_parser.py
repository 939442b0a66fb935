import pytest

from imagefinder.cli.parser import make_parser
from imagefinder.model.errors import UsageError


def test_a_general_option_after_the_command_wins_over_one_before_it() -> None:
    parsed = make_parser().parse_args(["--library", "a", "--model", "m", "status", "--library", "b"])
    assert (parsed.library, parsed.model, parsed.device) == ("b", "m", "auto")


def test_paths_may_stand_between_options() -> None:
    parsed = make_parser().parse_args("add a --exclude x b --ext png c".split())
    assert (parsed.paths, parsed.exclude, parsed.ext) == (["a", "b", "c"], ["x"], "png")


def test_two_dashes_end_the_options() -> None:
    assert make_parser().parse_args(["add", "--no-recurse", "--", "-a", "b"]).paths == ["-a", "b"]


def test_options_that_may_be_repeated_add_up() -> None:
    parsed = make_parser().parse_args("search --in a --in b --image c --image d".split())
    assert (parsed.within, parsed.image, parsed.text) == (["a", "b"], ["c", "d"], [])


@pytest.mark.parametrize(
    "line",
    [
        "add a --bogus",
        "search -n -3 x",
        "models import f",
        "search --json --paths x",
        "search x -n 0",
        "search x -n many",
        "add",
        "models polish",
        "models import --arch x",
        "-n 3",
    ],
)
def test_what_is_wrong_raises_and_never_exits(line: str) -> None:
    with pytest.raises(UsageError, match="--help"):
        make_parser().parse_args(line.split())


@pytest.mark.parametrize(
    "command",
    [
        "",
        "add",
        "index",
        "search",
        "status",
        "remove",
        "models",
        "models list",
        "models use",
        "models import",
    ],
)
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
