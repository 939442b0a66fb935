"""Collect torch's modules and libraries, without headers, test programs and CUDA.

Replaces the hook of pyinstaller-hooks-contrib, which collects all of these (the test programs alone are 130 MB).
"""

from pathlib import Path

from PyInstaller.utils.hooks import collect_dynamic_libs, collect_submodules, get_package_paths

_TESTS = ("torch.testing._internal", "torch.test", "torch.utils.tensorboard", "torch.utils.benchmark")


def _is_test(library: str) -> bool:
    path = Path(library)
    return "test" in path.name or "test" in path.parts


# torch's C++ half imports modules by name.
hiddenimports = collect_submodules(
    "torch", filter=lambda name: not name.startswith(_TESTS), on_error="ignore"
)
warn_on_missing_hiddenimports = False

# torch reads the source code of some functions when it is imported (torch._jit_internal._overload, config modules).
module_collection_mode = "pyz+py"

_LIBRARIES = ["*.dll", "*.dylib", "*.so", "*.so.*"]
binaries = [
    (source, folder)
    for source, folder in collect_dynamic_libs("torch", search_patterns=_LIBRARIES)
    if not _is_test(source)
]
# torch.multiprocessing looks for this helper as soon as torch is imported.
_PACKAGE = Path(get_package_paths("torch")[1])
binaries += [(str(helper), "torch/bin") for helper in _PACKAGE.glob("bin/torch_shm_manager*")]

# Symbolic links to torch/lib in the top folder would confuse torch about where its libraries are.
bindepend_symlink_suppression = ["**/torch/lib/*.so*"]
