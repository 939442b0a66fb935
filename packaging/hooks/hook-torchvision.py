"""Exclude torchvision's compiled operators (see imagefinder/embedders/towers/torchvision_ops.py)."""

excludedimports = ["torchvision._C"]
# torchvision compiles some functions from their source code when it is imported.
module_collection_mode = "pyz+py"
