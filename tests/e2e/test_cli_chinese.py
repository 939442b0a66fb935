"""The command line in Simplified Chinese. Output for other programs is not translated."""

import json
import sqlite3
from pathlib import Path

import pytest
from helpers.program import Program

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


def test_the_reasons_in_a_library_of_version_5_are_told_in_chinese_and_to_programs_as_codes(
    program: Program,
) -> None:
    program.library.mkdir(parents=True)
    old = Path(__file__).parents[1] / "unit" / "store" / "old" / "version_5.sql"
    connection = sqlite3.connect(program.library / "library.db")
    connection.executescript(old.read_text("utf-8"))
    connection.close()
    shown = program.run("--language", "zh_CN", "status").out.decode()
    for text in (
        "已损坏：图片下半部分缺失",
        "已加密：需要密码才能打开",
        "第 7 页：它没有第 7 页（共 3 页）",
        "太大（上限为 500 百万像素）",
    ):
        assert text in shown
    for text in ("picture is", "damaged", "it has", "decoder", "permission denied"):
        assert text not in shown
    assert "a sentence {of} nobody's" in shown
    told = program.run("--language", "zh_CN", "status", "--json").json["unreadable"]
    (page,) = [each for each in told if each["code"] == "no_such_page"]
    assert page["reason"] == "page 7: it has no page 7 (it has 3)"
    assert page["parameters"] == {"number": 7, "count": 3, "page": 7}


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
