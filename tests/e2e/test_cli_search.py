"""Searching on the command line, by people and by other programs."""

import json
import os
from pathlib import Path

from conftest import save
from helpers.fakes import pdf, picture
from helpers.program import Program


def test_one_command_on_a_fresh_library_does_everything(program: Program, three_pictures: Path) -> None:
    outcome = program.run("search", "red", "--in", three_pictures, "--json")
    assert outcome.status == 0
    assert outcome.found[0] == "red.png"
    again = program.run("search", "red", "--in", three_pictures, "--json")
    assert again.json["hits"] == outcome.json["hits"]
    assert again.errors == []  # nothing is reported when nothing is new


def test_a_path_searched_in_is_brought_up_to_date_first(indexed: Program, three_pictures: Path) -> None:
    save(picture("yellow"), three_pictures / "sub" / "yellow.png")
    outcome = indexed.run("search", "yellow", "--in", three_pictures / "sub", "--json")
    assert outcome.found == ["yellow.png"]
    assert len(json.loads(indexed.run("status", "--json").out)["sources"]) == 1


def test_json_is_one_object_of_the_promised_form(indexed: Program, three_pictures: Path) -> None:
    image = three_pictures / "red.png"
    outcome = indexed.run("search", "blue", "--image", image, "-n", "2", "--json")
    answer = outcome.json
    assert list(answer) == ["query", "model", "took_ms", "has_rest", "note", "hits"]
    assert answer["query"] == {"text": "blue", "images": [str(image)], "in": []}
    assert answer["model"] == "builtin"
    assert 0 < answer["took_ms"] < 60_000
    assert len(answer["hits"]) == 2
    for hit in answer["hits"]:
        assert set(hit) >= {"path", "part", "score", "relevance", "group", "kind"}
        assert Path(hit["path"]).is_absolute()
        assert (hit["part"], hit["kind"]) == (1, "picture")
        assert -1 <= hit["score"] <= 1.001
        assert hit["group"] == "match"
    assert outcome.out.count(b"\n") == 1


def test_a_page_is_a_hit_with_its_number(program: Program, folder: Path) -> None:
    pdf(folder / "book.pdf", ["about apples", "about zebras"])
    outcome = program.run("search", "zebras", "--in", folder, "--json")
    (hit,) = outcome.json["hits"]
    assert (Path(hit["path"]).name, hit["part"], hit["kind"]) == ("book.pdf", 2, "page")
    assert b"book.pdf  page 2" in program.run("search", "zebras").out


def test_the_status_says_whether_anything_was_found(indexed: Program) -> None:
    assert indexed.run("search", "red").status == 0
    for form in ([], ["--paths"]):
        nothing = indexed.run("search", "zeppelin", *form)
        assert (nothing.status, nothing.out) == (1, b"")
    nothing = indexed.run("search", "zeppelin", "--json")
    assert (nothing.status, nothing.json["hits"]) == (1, [])


def test_the_number_of_hits_is_what_was_asked_for(indexed: Program) -> None:
    for option in ("-n", "--limit"):
        assert len(indexed.run("search", "red green blue", option, "1", "--json").found) == 1
        assert len(indexed.run("search", "red green blue", option, "2", "--json").found) == 2


def test_what_has_nothing_of_what_is_looked_for_is_no_hit(indexed: Program) -> None:
    assert indexed.run("search", "red", "--json").found == ["red.png"]


def test_a_picture_finds_others_and_itself_only_when_asked(indexed: Program, three_pictures: Path) -> None:
    red = three_pictures / "red.png"
    assert "red.png" not in indexed.run("search", "--image", red, "--json").found
    assert indexed.run("search", "--image", red, "--include-query", "--json").found[0] == "red.png"


def test_paths_come_byte_for_byte_whatever_the_names(program: Program, folder: Path) -> None:
    names = {
        b"plain.png",
        b"new\nline.png",
        b"\xff\xfe.png",
        "日本 \U0001f600.png".encode(),
        b"x" * 251 + b".png",
    }
    for number, name in enumerate(sorted(names)):
        save(picture("red", number), folder / "made.png")
        (folder / "made.png").rename(os.fsdecode(os.fsencode(folder) + b"/" + name))
    nul = program.run("search", "red", "--in", folder, "--paths", "-0")
    assert nul.out.endswith(b"\0")
    assert {path.rpartition(b"/")[2] for path in nul.out[:-1].split(b"\0")} == names
    lines = program.run("search", "red", "--paths").out
    assert lines.endswith(b"\n")
    assert b"\xff\xfe.png" in lines
    answer = program.run("search", "red", "--json").json
    assert {os.fsencode(hit["path"]).rpartition(b"/")[2] for hit in answer["hits"]} == names


def test_names_with_control_characters_stay_harmless_for_people(program: Program, folder: Path) -> None:
    save(picture("red"), folder / "\x1b[31mred\rover\n\x07.png")
    (folder / "\x1b]0;title\x07.png").write_bytes(b"no picture")
    for arguments in (["search", "red", "--in", folder], ["status"], ["add", folder / "\x1b[2Jnot there"]):
        outcome = program.run(*arguments)
        written = (outcome.out + outcome.err).replace(b"\n", b"")
        assert b"\\x1b" in written
        assert not any(byte < 32 or byte == 127 for byte in written)


def test_words_and_options_may_be_mixed(indexed: Program, three_pictures: Path) -> None:
    outcome = indexed.run("search", "dark", "--in", three_pictures, "red", "--json", "-n", "1", "car")
    assert outcome.json["query"]["text"] == "dark red car"


def test_what_follows_two_dashes_is_no_option(program: Program, folder: Path) -> None:
    save(picture("red"), folder / "-red.png")
    assert program.run("add", "--", "-red.png", cwd=folder).status == 0
    assert program.run("search", "--json", "--", "-red").found == ["-red.png"]


def test_the_best_hit_is_opened_in_the_viewer(indexed: Program, three_pictures: Path, tmp_path: Path) -> None:
    script = tmp_path / "bin" / "xdg-open"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nprintf %s "$1" > "{tmp_path}/opened"\n')
    script.chmod(0o755)
    search = {"PATH": f"{script.parent}:{os.environ['PATH']}"}
    assert indexed.run("search", "blue", "--open", extra=search).status == 0
    assert (tmp_path / "opened").read_text() == str(three_pictures / "blue.png")
    script.write_text("#!/bin/sh\nexit 3\n")
    outcome = indexed.run("search", "blue", "--open", extra=search)
    assert outcome.status == 2
    assert "No program on this machine opens" in outcome.errors[-1]


def test_names_and_folders_are_found_in_whatever_form_they_are_typed(program: Program, folder: Path) -> None:
    # Decomposed, as macOS writes it.
    album = folder / "Mu\u0308ller"
    for name in ("Cafe\u0301 de Paris.png", "ΑΘΉΝΑΣ.png", "İSTANBUL.png", "ｶﾗｵｹ.png"):
        save(picture("gray", len(name)), album / name)
    assert program.run("add", folder).status == 0
    for words, name in (
        ("CAFÉ", "Cafe\u0301 de Paris.png"),
        ("cafe", "Cafe\u0301 de Paris.png"),
        ("αθήνας", "ΑΘΉΝΑΣ.png"),
        ("istanbul", "İSTANBUL.png"),
        ("カラオケ", "ｶﾗｵｹ.png"),
    ):
        outcome = program.run("search", words, "--in", folder / "Müller", "--json")
        assert (outcome.status, outcome.found) == (0, [name])
    assert len(program.run("status", "--json").json["sources"]) == 1
    assert program.run("add", album).status == 0
    assert program.run("remove", folder / "Müller").status == 0
    assert len(program.run("status", "--json").json["sources"]) == 1
