"""Build the frozen program: ``python packaging/build.py`` writes dist/imagefinder, a folder that needs no Python.

The build uses the packages of the environment that runs it (``pip install ".[package]"``, with torch's CPU build),
and reports the size of the result and of its largest parts. packaging/smoke_test.py tests the result.
"""

import argparse
import platform
import shutil
import subprocess
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
_MEGABYTE = 1_000_000


def main() -> int:
    """Build the program and return the exit status."""
    parser = argparse.ArgumentParser(description="Build the frozen program into one folder.")
    parser.add_argument(
        "--dist", type=Path, default=ROOT / "dist", help="folder for the result (default: dist)"
    )
    parser.add_argument(
        "--work", type=Path, default=ROOT / "build", help="folder for intermediate files (default: build)"
    )
    parser.add_argument("--archive", action="store_true", help="also pack the result into a .tar.xz archive")
    options = parser.parse_args()

    sys.path[:0] = [str(HERE), str(ROOT)]
    from render_icons import render

    started = time.monotonic()
    work = options.work.resolve() / "imagefinder"
    render(work / "icons")
    _freeze(options.dist.resolve(), options.work.resolve())
    bundle = options.dist.resolve() / "imagefinder"
    if sys.platform.startswith("linux"):
        _strip(bundle)
        _add_linux_files(bundle, work / "icons")
        if missing := _missing_libraries(bundle):
            lines = [f"  {name}, for {user}" for name, user in sorted(missing.items())]
            sys.stderr.write(
                "\n".join(["These libraries for the bundle are missing on this system:", *lines, ""])
            )
            sys.stderr.write("Install their packages (packaging/README.md) and build again.\n")
            return 1
    _report(bundle, time.monotonic() - started)
    if options.archive:
        _pack(bundle)
    return 0


def _freeze(dist: Path, work: Path) -> None:
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm"]
    command += ["--distpath", str(dist), "--workpath", str(work), str(HERE / "imagefinder.spec")]
    log = work / "pyinstaller.log"
    with log.open("wb") as file:
        done = subprocess.run(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        last = log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
        raise SystemExit("\n".join([*last, f"PyInstaller failed; its full output is in {log}."]))


def _strip(bundle: Path) -> None:
    """Strip debug symbols from the libraries; they are a fifth of torch."""
    for library in _libraries(bundle):
        # Libraries repaired by auditwheel (NAME.libs, NAME-1a2b3c4d.so) break when stripped.
        if not any(part.endswith(".libs") for part in library.parts):
            subprocess.run(["strip", "--strip-unneeded", str(library)], check=True)


def _missing_libraries(bundle: Path) -> dict[str, str]:
    """Return the libraries found neither in the bundle nor on this system, each with a file that needs it."""
    # Search the bundle's library folders, as the program does when it starts.
    places = f"{bundle / '_internal'}:{bundle / '_internal/PySide6/Qt/lib'}"
    missing: dict[str, str] = {}
    for library in _libraries(bundle):
        found = subprocess.run(
            ["ldd", str(library)],
            capture_output=True,
            text=True,
            check=False,
            env={"LD_LIBRARY_PATH": places},
        )
        for line in found.stdout.splitlines():
            if "not found" in line:
                missing[line.split()[0]] = str(library.relative_to(bundle))
    return missing


def _libraries(bundle: Path) -> Iterator[Path]:
    return (path for path in _files(bundle) if path.suffix == ".so" or ".so." in path.name)


def _files(bundle: Path) -> Iterator[Path]:
    return (path for path in bundle.rglob("*") if path.is_file() and not path.is_symlink())


def _add_linux_files(bundle: Path, icons: Path) -> None:
    """Add the desktop file, metainfo and icons, and the script that installs them."""
    share = bundle / "share"
    shutil.copytree(HERE / "linux", share, dirs_exist_ok=True)
    shutil.move(share / "install.sh", bundle / "install.sh")
    for png in icons.glob("imagefinder-*.png"):
        size = png.stem.rpartition("-")[2]
        place = share / "icons" / "hicolor" / f"{size}x{size}" / "apps" / "imagefinder.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(png, place)
    scalable = share / "icons" / "hicolor" / "scalable" / "apps" / "imagefinder.svg"
    scalable.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "resources" / "icons" / "imagefinder.svg", scalable)


def _report(bundle: Path, seconds: float) -> None:
    sizes: Counter[str] = Counter()
    for path in _files(bundle):
        inside = path.relative_to(bundle).parts
        sizes[inside[1] if inside[0] == "_internal" and len(inside) > 1 else inside[0]] += path.stat().st_size
    count = sum(1 for _ in _files(bundle))
    total = sizes.total() / _MEGABYTE
    lines = [f"{bundle}: {total:.0f} MB in {count} files, built in {seconds:.0f} s. The largest parts:"]
    lines += [f"{size / _MEGABYTE:8.1f} MB  {name}" for name, size in sizes.most_common(12)]
    sys.stdout.write("\n".join([*lines, ""]))


def _pack(bundle: Path) -> None:
    from imagefinder import __version__

    name = f"imagefinder-{__version__}-{sys.platform}-{platform.machine()}.tar.xz"
    with tarfile.open(bundle.parent / name, "w:xz", preset=3) as archive:
        archive.add(bundle, f"imagefinder-{__version__}")
    size = (bundle.parent / name).stat().st_size / _MEGABYTE
    sys.stdout.write(f"{bundle.parent / name}: {size:.0f} MB\n")


if __name__ == "__main__":
    sys.exit(main())
