"""Contents of the frozen program: included and excluded modules and files, for the spec and the tests.

Imports only the standard library and imagefinder's registries, so that the tests do not need PyInstaller.
"""

import fnmatch
import inspect
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESOURCES = ("icons", "models", "relevance", "translations")
"""Folders of ``resources`` that the program reads; an installation has them inside the package."""

EXCLUDED_MODULES = (
    # Optional dependencies of our libraries, which would be collected if installed.
    "tkinter", "matplotlib", "IPython", "PyQt5", "PyQt6", "PySide2", "pandas", "scipy", "tensorboard",
    "triton", "nvidia", "numba", "cupy", "transformers", "tokenizers", "pytest", "hypothesis", "setuptools",
    "pip", "wheel", "mypy", "pkg_resources", "lib2to3", "pydoc_data",
    # OpenVINO reports to Google Analytics through it (imagefinder/embedders/runtime/openvino_tower.py).
    "openvino_telemetry",
    # Optional transfer backend of huggingface_hub, which downloads do not use.
    "hf_xet",
    # Parts of Qt that the program does not use.
    "PySide6.QtQml", "PySide6.QtQuick", "PySide6.QtQuickWidgets", "PySide6.QtDesigner", "PySide6.QtHelp",
    "PySide6.QtSql", "PySide6.QtTest", "PySide6.QtUiTools",
    # Tests that are shipped with libraries.
    "torch.test", "torch.testing._internal.opinfo", "torch.testing._internal.common_methods_invocations",
    "torch.testing._internal.common_modules", "torch.testing._internal.common_nn", "torch.utils.tensorboard",
    "torchvision.prototype", "sympy.testing", "numpy.f2py.tests", "networkx.tests", "mpmath.tests", "PIL.ImageTk",
)  # fmt: skip

DESCRIBED = ("torch", "openvino", "open_clip_torch", "timm", "hnswlib", "PySide6-Essentials")
"""Packages whose versions the program reads: for ``doctor``, crash reports, and the runtime choice."""

# Plug-ins that Qt loads at run time; the others would add Qml, Quick and GTK to the bundle.
_QT_PLUGINS = (
    "platforms/*xcb*", "platforms/*wayland*", "platforms/*offscreen*", "platforms/*windows*", "platforms/*cocoa*",
    "platforms/*minimal.*", "xcbglintegrations/*", "wayland-shell-integration/*xdg-shell*",
    "wayland-decoration-client/*", "wayland-graphics-integration-client/*wayland-egl*",
    "platformthemes/*xdgdesktopportal*", "platforminputcontexts/*compose*", "platforminputcontexts/*ibus*",
    "imageformats/*jpeg*", "imageformats/*gif*", "imageformats/*ico*", "imageformats/*svg*",
    "imageformats/*webp*", "imageformats/*icns*", "iconengines/*svg*", "styles/*", "tls/*",
)  # fmt: skip
_UNWANTED = ("torchvision.libs/", "nvidia/", "triton/", "PIL/_imagingtk")
_QT_LIBRARIES = (
    "Core", "Gui", "Widgets", "Svg", "Network", "DBus", "XcbQpa", "WaylandClient", "WlShellIntegration",
    "WaylandEglClientHwIntegration", "OpenGL", "Xml",
)  # fmt: skip


def hidden_imports() -> list[str]:
    """Return the modules that PyInstaller cannot find by itself, mainly the plug-ins of the registries."""
    from imagefinder.embedders import model_registry as embedders
    from imagefinder.embedders.embedder import Embedder
    from imagefinder.readers.reader_registry import READERS
    from imagefinder.vectors.index_registry import VECTOR_INDEXES

    plugins: set[type] = {type(reader) for reader in READERS}
    plugins |= {get_class() for get_class in VECTOR_INDEXES.values()}
    plugins |= {
        found for _, found in inspect.getmembers(embedders, inspect.isclass) if issubclass(found, Embedder)
    }
    # embedders/towers/torchvision_ops.py imports torchvision by name at run time.
    return sorted({plugin.__module__ for plugin in plugins} | {"torchvision", "torchvision.transforms"})


def data_files() -> list[tuple[str, str]]:
    """Return our data files as (path, folder in the bundle), where ``resources.resource`` finds them."""
    return [(str(ROOT / "resources" / name), f"imagefinder/_resources/{name}") for name in RESOURCES] + [
        (str(ROOT / "LICENSE"), ".")
    ]


def described() -> list[str]:
    """Return the packages of ``DESCRIBED`` that are installed."""
    return [name for name in DESCRIBED if _is_installed(name)]


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def is_wanted(destination: str, source: str = "") -> bool:
    """Whether a file that PyInstaller collected belongs in the bundle.

    Args:
        destination: Its path in the bundle.
        source: Its original path; for a link, the target.
    """
    path = destination.replace("\\", "/")
    if path.startswith("PySide6/") or "PySide6/" in source:
        return _is_wanted_of_qt(path)
    if path.startswith("torchvision/") and not path.endswith((".py", ".json")):
        # PyPI's compiled operators are built for CUDA, and CLIP needs none (embedders/towers/torchvision_ops.py).
        return False
    return not any(part in f"{path} {source}" for part in _UNWANTED)


def _is_wanted_of_qt(path: str) -> bool:
    inside = path.partition("/plugins/")[2]
    if inside:
        return _matches(inside, _QT_PLUGINS)
    if "/translations/" in path:
        # Qt's translations for its dialogs, in the languages of the program.
        return fnmatch.fnmatch(path, "*/qtbase_zh_CN.qm") or fnmatch.fnmatch(path, "*/qtbase_en.qm")
    if "/qml/" in path or "/QtQuick" in path:
        return False
    name = path.rpartition("/")[2]
    stem = name.removeprefix("lib").removeprefix("Qt6")
    if name.startswith(("libQt6", "Qt6")):
        return stem.partition(".")[0] in _QT_LIBRARIES
    return "opengl32sw" not in name


def _matches(path: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)
