"""Sources, status and general options on the command line."""

import json
from pathlib import Path

from conftest import save
from helpers.fakes import picture
from helpers.program import Program, assert_refused, mounted


def test_options_choose_what_of_a_folder_is_added(program: Program, folder: Path) -> None:
    for name in ("a.png", "b.jpg", "c.bmp", "sub/d.png", "skip/e.png"):
        save(picture("red", len(name)), folder / name)

    def files(*options: str) -> int:
        assert program.run("add", folder, *options).status == 0
        return int(program.run("status", "--json").json["sources"][0]["files"])

    assert files() == 5
    assert files("--no-recurse") == 3
    assert files("--exclude", "skip") == 4
    assert files("--exclude", "skip/", "--exclude", "*.bmp") == 3
    assert files("--ext", "PNG,.jpg") == 4
    assert files("--include", "sub/**") == 1


def test_index_rescans_every_source(indexed: Program, three_pictures: Path) -> None:
    (three_pictures / "red.png").unlink()
    save(picture("white"), three_pictures / "white.png")
    outcome = indexed.run("index")
    assert outcome.status == 0
    assert "1 indexed, 2 unchanged, 1 removed" in outcome.errors[-1]


def test_status_shows_sources_and_counts(indexed: Program, three_pictures: Path) -> None:
    status = indexed.run("status", "--json").json
    assert status["library"] == str(indexed.library)
    assert (status["model"], status["items"], status["unreadable"]) == ("builtin", 3, [])
    (source,) = status["sources"]
    assert (source["path"], source["kind"], source["files"], source["items"]) == (
        str(three_pictures),
        "folder",
        3,
        3,
    )
    assert not source["offline"]
    shown = indexed.run("status").out.decode()
    assert str(three_pictures) in shown
    assert (source["pending"], source["scan_complete"], source["gone"]) == (0, True, False)


def test_a_drive_that_is_unmounted_is_offline_and_a_folder_renamed_on_it_is_gone(
    program: Program, tmp_path: Path
) -> None:
    with mounted(tmp_path / "usb", "2m") as disk:
        save(picture("red"), disk / "photos" / "red.png")
        assert program.run("add", disk / "photos").status == 0
        (disk / "photos").rename(disk / "pictures")
        assert "1 no longer there, kept" in program.run("index").errors[-1]
        (source,) = program.run("status", "--json").json["sources"]
        assert (source["offline"], source["gone"], source["files"]) == (False, True, 1)
        assert "renamed" in program.run("status").out.decode()
        assert b"(no longer there)" in program.run("search", "red").out
        (disk / "pictures").rename(disk / "photos")
        assert "1 unchanged" in program.run("index").errors[-1]
    program.run("index")
    (source,) = program.run("status", "--json").json["sources"]
    assert (source["offline"], source["gone"], source["pending"]) == (True, False, 0)
    assert "offline" in program.run("status").out.decode()
    assert b"(offline)" in program.run("search", "red").out
    # Another drive is mounted in its place, so the state of the folder is unknown.
    (tmp_path / "usb").rmdir()
    with mounted(tmp_path / "usb", "2m"):
        program.run("index")
        (source,) = program.run("status", "--json").json["sources"]
        assert (source["offline"], source["gone"]) == (True, False)


def test_a_renamed_folder_that_is_added_again_gives_one_hit_and_no_dead_path(
    program: Program, tmp_path: Path
) -> None:
    old, new = tmp_path / "Holiday", tmp_path / "HOLIDAY"
    for colour in ("red", "green"):
        save(picture(colour), old / f"{colour}.png")
    assert program.run("add", old).status == 0
    old.rename(new)
    outcome = program.run("add", new)
    assert "2 moved, copied or touched" in outcome.errors[0]
    assert outcome.errors[1] == f"{old} is {new} now, and was taken out of the library."
    found = program.run("search", "red", "--paths").out.decode().splitlines()
    assert found == [str(new / "red.png")]
    (source,) = program.run("status", "--json").json["sources"]
    assert (source["path"], source["files"]) == (str(new), 2)


def test_removing_a_source_touches_no_file(indexed: Program, three_pictures: Path) -> None:
    outcome = indexed.run("remove", three_pictures)
    assert outcome.status == 0
    assert "3 files" in outcome.errors[-1]
    assert len(list(three_pictures.iterdir())) == 3
    assert indexed.run("status", "--json").json["items"] == 0


def test_paths_may_be_relative(program: Program, three_pictures: Path) -> None:
    assert program.run("add", ".", cwd=three_pictures).status == 0
    outcome = program.run("search", "--image", "red.png", "--in", "../pictures", "--json", cwd=three_pictures)
    assert sorted(outcome.found) == ["blue.png", "green.png"]
    assert program.run("remove", ".", cwd=three_pictures).status == 0


def test_general_options_stand_before_or_after_the_command(
    program: Program, three_pictures: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    assert program.run("--library", other, "--model", "builtin", "add", three_pictures).status == 0
    assert (
        program.run("search", "red", "--library", other, "--device", "cpu", "--model", "builtin").status == 0
    )
    assert program.run("--device", "cpu", "search", "red", "--library", other).status == 0
    assert not program.library.exists()


def test_the_environment_names_library_and_model_and_options_win(indexed: Program, tmp_path: Path) -> None:
    elsewhere = {"IMAGEFINDER_LIBRARY": str(tmp_path / "elsewhere")}
    assert indexed.run("status", "--json", extra=elsewhere).json["items"] == 0
    assert indexed.run("--library", indexed.library, "status", "--json", extra=elsewhere).json["items"] == 3
    unknown = {"IMAGEFINDER_MODEL": "no-such-model"}
    assert_refused(indexed.run("search", "red", extra=unknown), "no model called “no-such-model”")
    assert indexed.run("--model", "builtin", "search", "red", extra=unknown).status == 0


def test_without_a_library_named_it_is_in_the_users_data_folder(
    program: Program, three_pictures: Path
) -> None:
    del program.environment["IMAGEFINDER_LIBRARY"]
    assert program.run("search", "red", "--in", three_pictures).status == 0
    library = program.run("status", "--json").json["library"]
    assert library == str(Path(program.environment["HOME"]) / ".local/share/imagefinder/library")


def test_the_version_is_told(program: Program) -> None:
    import imagefinder

    assert program.run("--version").out.decode() == f"imagefinder {imagefinder.__version__}\n"


def test_the_library_chosen_in_the_window_is_the_commands_too(indexed: Program, tmp_path: Path) -> None:
    settings = Path(indexed.environment["HOME"], ".config", "imagefinder", "settings.json")
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"library": str(indexed.library)}))
    unnamed = {"IMAGEFINDER_LIBRARY": ""}
    assert indexed.run("status", "--json", extra=unnamed).json["items"] == 3
    elsewhere = indexed.run("--library", tmp_path / "other", "status", "--json", extra=unnamed)
    assert elsewhere.json["items"] == 0


def test_files_in_the_cloud_are_counted_beside_the_rest(program: Program, folder: Path) -> None:
    save(picture("red"), folder / "red.png")
    (folder / "blue.png.nextcloud").write_bytes(b" ")
    outcome = program.run("add", folder)
    assert outcome.status == 0
    assert outcome.errors[-2] == (
        "1 file is only in the cloud and was not read. Have the cloud's own program download it, then run "
        "imagefinder index."
    )
    assert "1 indexed, 1 in the cloud" in outcome.errors[-1]
    (source,) = program.run("status", "--json").json["sources"]
    assert (source["files"], source["in_the_cloud"], source["pending"], source["unreadable"]) == (1, 1, 0, 0)
    shown = program.run("status")
    assert "1 in the cloud" in shown.out.decode()
    assert "imagefinder index --download" in shown.errors[-1]
    (folder / "blue.png.nextcloud").unlink()
    save(picture("blue"), folder / "blue.png")
    assert "1 indexed, 1 unchanged" in program.run("index", "--download").errors[-1]
    assert program.run("status", "--json").json["sources"][0]["in_the_cloud"] == 0
