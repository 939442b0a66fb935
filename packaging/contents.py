"""What goes into the frozen program, and what stays out: the spec's and the tests' one truth.

Imports nothing but the standard library and imagefinder's registries, so that the tests need no PyInstaller.
"""

import fnmatch
import inspect
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESOURCES = ("icons", "models", "relevance", "translations")
"""The folders of ``resources`` that the program reads; they lie in the package when it is installed."""

EXCLUDED_MODULES = (
    # Other toolkits and tools that libraries would use if they were there.
    "tkinter", "matplotlib", "IPython", "PyQt5", "PyQt6", "PySide2", "pandas", "scipy", "tensorboard",
    "triton", "nvidia", "numba", "cupy", "transformers", "tokenizers", "pytest", "hypothesis", "setuptools",
    "pip", "wheel", "mypy", "pkg_resources", "lib2to3", "pydoc_data",
    # OpenVINO reports to Google Analytics through it (imagefinder/embedders/runtime/openvino_tower.py).
    "openvino_telemetry",
    # We look into the model hub's cache and download nothing.
    "hf_xet",
    # The parts of Qt for other kinds of program.
    "PySide6.QtQml", "PySide6.QtQuick", "PySide6.QtQuickWidgets", "PySide6.QtDesigner", "PySide6.QtHelp",
    "PySide6.QtSql", "PySide6.QtTest", "PySide6.QtUiTools",
    # Tests that came with their libraries.
    "torch.test", "torch.testing._internal.opinfo", "torch.testing._internal.common_methods_invocations",
    "torch.testing._internal.common_modules", "torch.testing._internal.common_nn", "torch.utils.tensorboard",
    "torchvision.prototype", "sympy.testing", "numpy.f2py.tests", "networkx.tests", "mpmath.tests", "PIL.ImageTk",
)  # fmt: skip

DESCRIBED = ("torch", "openvino", "open_clip_torch", "timm", "hnswlib", "PySide6-Essentials")
"""Packages whose versions the program asks for: ``doctor``, a crash report, and the choice of a runtime."""

# What Qt loads while it runs; the rest of its plug-ins would bring Qml, Quick and GTK with them.
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
    """Modules that nothing imports by name at the top of a file, above all those behind the registries."""
    from imagefinder.embedders import model_registry as embedders
    from imagefinder.embedders.embedder import Embedder
    from imagefinder.readers.reader_registry import READERS
    from imagefinder.vectors.index_registry import VECTOR_INDEXES

    plugins: set[type] = {type(reader) for reader in READERS}
    plugins |= {get_class() for get_class in VECTOR_INDEXES.values()}
    plugins |= {
        found for _, found in inspect.getmembers(embedders, inspect.isclass) if issubclass(found, Embedder)
    }
    # Imported by name at run time: embedders/towers/torchvision_ops.py.
    return sorted({plugin.__module__ for plugin in plugins} | {"torchvision", "torchvision.transforms"})


def data_files() -> list[tuple[str, str]]:
    """Our own files: (where each is, the folder in the bundle), for ``resources.resource`` to find."""
    return [(str(ROOT / "resources" / name), f"imagefinder/_resources/{name}") for name in RESOURCES] + [
        (str(ROOT / "LICENSE"), ".")
    ]


def described() -> list[str]:
    """Those of ``DESCRIBED`` that are installed."""
    return [name for name in DESCRIBED if _is_installed(name)]


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def is_wanted(destination: str, source: str = "") -> bool:
    """Whether a file that PyInstaller found belongs into the bundle.

    ``destination`` is its place there, ``source`` where it comes from (for a link, what it points to).
    """
    path = destination.replace("\\", "/")
    if path.startswith("PySide6/") or "PySide6/" in source:
        return _is_wanted_of_qt(path)
    if path.startswith("torchvision/") and not path.endswith((".py", ".json")):
        # PyPI's compiled operators are built for CUDA; CLIP uses none, see embedders/towers/torchvision_ops.py.
        return False
    return not any(part in f"{path} {source}" for part in _UNWANTED)


def _is_wanted_of_qt(path: str) -> bool:
    inside = path.partition("/plugins/")[2]
    if inside:
        return _matches(inside, _QT_PLUGINS)
    if "/translations/" in path:
        # Qt's own words for the dialogs we show, in the languages that we speak.
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
