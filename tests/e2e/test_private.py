"""Privacy of the files that the program writes about the user's pictures, under a permissive umask."""

import stat
from pathlib import Path

from helpers.fakes import pdf
from helpers.program import Program

GENEROUS = ("sh", "-c", 'umask 0; exec "$@"', "sh")


def test_all_that_is_written_is_the_users_alone(
    program: Program, three_pictures: Path, tmp_path: Path
) -> None:
    pdf(three_pictures / "page.pdf", ["words"])
    assert program.run("add", three_pictures, before=GENEROUS).status == 0
    assert program.run("search", "red", before=GENEROUS).status == 0
    written = [path for path in (tmp_path / "program").rglob("*") if "imagefinder" in str(path)]
    library = list(program.library.rglob("*"))
    assert program.library / "library.db" in library
    assert any(path.suffix == ".jpg" for path in written)
    open_to_others = {
        str(path): oct(path.stat().st_mode)
        for path in [program.library, *library, *written]
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    }
    assert open_to_others == {}


def test_a_library_that_a_group_shares_stays_shared(program: Program, three_pictures: Path) -> None:
    assert program.run("add", three_pictures).status == 0
    for path in [program.library, *program.library.rglob("*")]:
        path.chmod(0o770 if path.is_dir() else 0o660)
    (program.library / "lock").unlink(missing_ok=True)
    assert program.run("index", before=GENEROUS).status == 0
    assert {stat.S_IMODE(path.stat().st_mode) for path in program.library.rglob("*")} <= {0o770, 0o660}
