"""Collect the parts of OpenVINO that read converted models and PyTorch's, and run them on the CPU.

Excludes the plug-ins for graphics cards and other devices (50 MB), and the readers of other libraries' models.
"""

from PyInstaller.utils.hooks import collect_dynamic_libs, collect_submodules

_UNWANTED = (
    "intel_gpu", "intel_npu", "auto", "hetero", "openvino_c.", "tbbmalloc",
    "gguf", "jax", "onnx", "paddle", "tensorflow",
)  # fmt: skip

binaries = [
    (source, folder)
    for source, folder in collect_dynamic_libs(
        "openvino", search_patterns=["*.dll", "*.dylib", "*.so", "*.so.*"]
    )
    if not any(name in source.replace("\\", "/").rpartition("/")[2] for name in _UNWANTED)
]
hiddenimports = collect_submodules("openvino.frontend.pytorch") + collect_submodules("openvino.tools.ovc")
# The converter reads the source code of some of its functions.
module_collection_mode = "pyz+py"
