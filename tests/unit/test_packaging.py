"""Tests of the contents of the frozen program, without freezing it."""

import configparser
import importlib.util
import inspect
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
from helpers.packaging_modules import load_packaging_module
from PIL import Image

import imagefinder
from imagefinder.cli.parser import make_parser
from imagefinder.embedders import model_registry as embedders
from imagefinder.embedders.catalogue.model_store import read_folder
from imagefinder.embedders.embedder import Embedder
from imagefinder.embedders.runtime.tower_files import is_whole
from imagefinder.readers.reader_registry import READERS
from imagefinder.resources import resource
from imagefinder.vectors.index_registry import VECTOR_INDEXES

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
LINUX = PACKAGING / "linux"
APP_ID = "io.github.imagefinder.imagefinder"


@pytest.fixture(scope="module")
def contents() -> ModuleType:
    return load_packaging_module("contents")


@pytest.fixture(scope="module")
def icons() -> ModuleType:
    return load_packaging_module("render_icons")


@pytest.fixture
def entry() -> configparser.SectionProxy:
    """Return the entries of the desktop file."""
    parser = configparser.ConfigParser(interpolation=None, delimiters="=")
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(LINUX / "imagefinder.desktop", encoding="utf-8")
    return parser["Desktop Entry"]


def test_the_bundle_has_every_plugin_of_the_registries(contents: ModuleType) -> None:
    plugins = {type(reader) for reader in READERS} | {get() for get in VECTOR_INDEXES.values()}
    plugins |= {
        found  # type: ignore[misc]
        for _, found in inspect.getmembers(embedders, inspect.isclass)
        if issubclass(found, Embedder)
    }
    assert len(plugins) >= 6
    assert {plugin.__module__ for plugin in plugins} <= set(contents.hidden_imports())


def test_every_hidden_import_can_be_found(contents: ModuleType) -> None:
    for name in contents.hidden_imports():
        if name.startswith("imagefinder"):
            assert importlib.util.find_spec(name), name


def test_nothing_of_ours_is_excluded(contents: ModuleType) -> None:
    ours = ("imagefinder", "open_clip", "timm")
    assert not [name for name in contents.EXCLUDED_MODULES if name.startswith(ours)]


def test_the_starter_model_is_in_the_wheel_and_in_the_bundle(contents: ModuleType) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    for folder in contents.RESOURCES:
        assert wheel[f"resources/{folder}"] == f"imagefinder/_resources/{folder}"
    assert {file.name for file in resource("models/starter").iterdir()} >= {
        "config.json",
        "model.json",
        "weights.safetensors",
    }
    starter = read_folder(resource("models/starter"))
    assert starter is not None
    assert starter.openvino_tower is not None
    assert is_whole(starter.openvino_tower)


def test_every_resource_the_program_reads_is_in_the_bundle_and_exists(contents: ModuleType) -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "imagefinder").rglob("*.py"))
    read = set(re.findall(r"""resource\(f?["']([^"'/{]+)""", source))
    assert "icons" in read
    bundled = {Path(place).name: Path(where) for where, place in contents.data_files()}
    for folder in read:
        assert bundled[folder] == ROOT / "resources" / folder
        assert resource(folder).is_dir()


def test_every_icon_named_in_the_window_exists() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "imagefinder/ui").rglob("*.py"))
    for name in set(re.findall(r"""\bicon\(["']([a-z0-9-]+)["']\)""", source)):
        assert resource(f"icons/{name}.svg").exists(), name


@pytest.mark.parametrize(
    "place",
    [
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "PySide6/plugins/platforms/qwindows.dll",
        "PySide6/Qt/plugins/imageformats/libqsvg.so",
        "PySide6/Qt/plugins/tls/libqopensslbackend.so",
        "PySide6/Qt/lib/libQt6Widgets.so.6",
        "PySide6/Qt6Core.dll",
        "PySide6/Qt/translations/qtbase_zh_CN.qm",
        "PySide6/QtWidgets.abi3.so",
        "PySide6/QtNetwork.pyd",
        "imagefinder/_resources/icons/search.svg",
        "torch/lib/libtorch_cpu.so",
        "imagefinder/_resources/models/starter/weights.safetensors",
        "open_clip/bpe_simple_vocab_16e6.txt.gz",
        "timm/models/tiny_vit.py",
        "torchvision/transforms/functional.py",
    ],
)
def test_what_the_program_needs_is_kept(contents: ModuleType, place: str) -> None:
    assert contents.is_wanted(place)


@pytest.mark.parametrize(
    "place",
    [
        "PySide6/Qt/plugins/platforminputcontexts/libqtvirtualkeyboardplugin.so",
        "PySide6/Qt/plugins/platformthemes/libqgtk3.so",
        "PySide6/Qt/plugins/sqldrivers/libqsqlite.so",
        "PySide6/Qt/lib/libQt6Quick.so.6",
        "PySide6/Qt6Qml.dll",
        "PySide6/opengl32sw.dll",
        "PySide6/Qt/translations/qtbase_de.qm",
        "PySide6/Qt/qml/QtQuick/qmldir",
        "torchvision/_C.so",
        "torchvision.libs/libcudart.so.13",
    ],
)
def test_what_it_never_uses_stays_out(contents: ModuleType, place: str) -> None:
    assert not contents.is_wanted(place)


def test_a_link_goes_with_what_it_points_to(contents: ModuleType) -> None:
    assert not contents.is_wanted("libcudart.so.13", "torchvision.libs/libcudart.so.13")
    assert not contents.is_wanted("libQt6Quick.so.6", "PySide6/Qt/lib/libQt6Quick.so.6")
    assert contents.is_wanted("libQt6Gui.so.6", "PySide6/Qt/lib/libQt6Gui.so.6")


def test_what_the_desktop_file_runs_is_understood(entry: configparser.SectionProxy) -> None:
    program, *arguments = entry["Exec"].split()
    assert program == "imagefinder"
    assert arguments.pop() == "%F"
    parsed = make_parser().parse_args([*arguments, "/pictures", "/a b.jpg"])
    assert parsed.command == "window"


def test_the_desktop_file_is_in_english_and_chinese(entry: configparser.SectionProxy) -> None:
    for key in ("Name", "GenericName", "Comment", "Keywords"):
        assert entry[key]
        assert entry[f"{key}[zh_CN]"]
    assert entry["Icon"] == "imagefinder"
    assert entry["Terminal"] == "false"
    assert "application/pdf" in entry["MimeType"].split(";")


def test_the_metainfo_is_of_this_version() -> None:
    root = ElementTree.parse(LINUX / f"{APP_ID}.metainfo.xml").getroot()
    assert root.findtext("id") == APP_ID
    assert root.findtext("project_license") == "AGPL-3.0-or-later"
    assert root.findtext("launchable") == "imagefinder.desktop"
    release = root.find("releases/release")
    assert release is not None
    assert release.get("version") == imagefinder.__version__


@pytest.mark.parametrize("size", [16, 48, 256])
def test_the_icon_has_a_picture_and_clear_corners(icons: ModuleType, size: int) -> None:
    image = icons.picture(size)
    assert image.size == (size, size)
    assert image.getpixel((0, 0))[3] == 0
    assert image.getpixel((size // 2, size // 2))[3] == 255
    assert len({colour for _, colour in image.getcolors(size * size)}) > 20


def test_the_icon_is_written_for_every_system(icons: ModuleType, tmp_path: Path) -> None:
    icons.render(tmp_path)
    with Image.open(tmp_path / "imagefinder.ico") as ico:
        assert {(16, 16), (32, 32), (256, 256)} <= set(ico.info["sizes"])
    with Image.open(tmp_path / "imagefinder.icns") as icns:
        assert icns.format == "ICNS"
    assert (tmp_path / "imagefinder-512.png").exists()


@pytest.fixture(scope="module")
def seen() -> ModuleType:
    return load_packaging_module("smoke_pictures")


def test_the_smoke_test_reads_thumbnails_row_by_row(seen: ModuleType) -> None:
    screen = Image.new("RGB", (800, 600), "white")
    for name, place in {"green": (50, 300), "blue": (250, 100), "pink": (50, 104)}.items():
        screen.paste(seen.drawn(name).resize((160, 120)), place)
    assert seen.order_seen(screen) == ["pink", "blue", "green"]


def test_the_smoke_test_is_not_fooled_by_the_query_bar(seen: ModuleType) -> None:
    screen = Image.new("RGB", (800, 600), "white")
    screen.paste(seen.drawn("pink").resize((24, 24)), (60, 20))
    assert seen.order_seen(screen) == []
    screen.paste(seen.drawn("blue").resize((160, 120)), (50, 100))
    screen.paste(seen.drawn("pink").resize((160, 120)), (50, 300))
    assert seen.order_seen(screen) == ["blue", "pink"]


needs_shell = pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("sh") is None, reason="a script for Linux"
)


@needs_shell
def test_installing_for_a_user_and_uninstalling_leaves_the_library_alone(tmp_path: Path) -> None:
    bundle = tmp_path / "unpacked bundle"
    icon = bundle / "share/icons/hicolor/48x48/apps/imagefinder.png"
    icon.parent.mkdir(parents=True)
    icon.write_bytes(b"")
    for file in LINUX.glob("*imagefinder.*"):
        shutil.copy(file, bundle / "share")
    shutil.copy(LINUX / "install.sh", bundle)
    (bundle / "imagefinder").write_text("#!/bin/sh\necho started\n")
    (bundle / "imagefinder").chmod(0o755)
    home = tmp_path / "a home"
    library = home / ".local/share/imagefinder/library.db"
    library.parent.mkdir(parents=True)
    library.touch()
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}

    subprocess.run(["sh", bundle / "install.sh"], env=environment, check=True, capture_output=True)
    started = subprocess.run([home / ".local/bin/imagefinder"], capture_output=True, check=True)
    assert started.stdout == b"started\n"
    desktop = (home / ".local/share/applications/imagefinder.desktop").read_text(encoding="utf-8")
    program = re.search(r'^Exec="(.+)" window %F$', desktop, re.MULTILINE)
    assert program is not None
    assert Path(program[1]).exists()
    assert (home / ".local/share/icons/hicolor/48x48/apps/imagefinder.png").exists()

    installed = home / ".local/share/imagefinder-program/install.sh"
    subprocess.run(["sh", installed, "--uninstall"], env=environment, check=True, capture_output=True)
    # The desktop's own cache of icons and programs is not removed.
    left = [path for path in home.rglob("*") if not path.is_dir() and path.suffix != ".cache"]
    assert left == [library]
