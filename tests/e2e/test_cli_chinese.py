"""The command line in Simplified Chinese; what other programs read stays as it is."""

import json
from pathlib import Path

import pytest
from program import Program

CHINESE = {"LANG": "zh_CN.UTF-8", "LC_ALL": "zh_CN.UTF-8", "PYTHONUTF8": "1"}


def test_adding_searching_and_status_speak_the_systems_language(
    program: Program, three_pictures: Path
) -> None:
    (three_pictures / "bad.png").write_bytes(b"no picture")
    added = program.run("add", three_pictures, extra=CHINESE)
    assert added.status == 0
    assert "3 个已建立索引，1 个无法读取（参见：imagefinder status）" in added.errors[-1]
    status = program.run("status", extra=CHINESE).out.decode()
    for text in ("资料库", "图片和页面", "无法读取", "不是任何已知格式的图片"):
        assert text in status
    nothing = program.run("search", "red", "--in", three_pictures / "bad.png", extra=CHINESE)
    assert nothing.status == 1
    assert "没有找到。" in nothing.errors


def test_an_error_is_one_line_of_chinese(program: Program) -> None:
    outcome = program.run("search", "x", extra=CHINESE)
    assert outcome.status == 2
    (line,) = outcome.errors
    assert "还没有索引" in line


def test_what_programs_read_is_the_same_in_every_language(indexed: Program, three_pictures: Path) -> None:
    (three_pictures / "bad.png").write_bytes(b"no picture")
    indexed.run("index", extra=CHINESE)
    for arguments in (["status", "--json"], ["models", "list", "--json"]):
        assert indexed.run(*arguments, extra=CHINESE).out == indexed.run(*arguments).out
    assert "not a picture" in json.dumps(indexed.run("status", "--json", extra=CHINESE).json)


@pytest.mark.parametrize("where", ["option", "settings"])
def test_the_language_that_was_chosen_goes_before_the_systems(program: Program, where: str) -> None:
    arguments = ["status"]
    if where == "option":
        arguments = ["--language", "zh_CN", "status"]
    else:
        settings = Path(program.environment["HOME"], ".config", "imagefinder", "settings.json")
        settings.parent.mkdir(parents=True)
        settings.write_text('{"language": "zh_CN"}')
    assert "资料库" in program.run(*arguments).out.decode()
    assert "Library" in program.run("--language", "en", "status", extra=CHINESE).out.decode()


def test_a_terminal_that_knows_no_chinese_still_gets_an_answer(indexed: Program) -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    for arguments in (["status"], ["search", "red"], ["--help"]):
        assert indexed.run("--language", "zh", *arguments, extra=plain).status == 0
