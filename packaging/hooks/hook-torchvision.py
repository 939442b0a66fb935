"""torchvision without its compiled operators (imagefinder/embedders/towers/torchvision_ops.py)."""

excludedimports = ["torchvision._C"]
# Some of its functions are compiled from their source when it is imported.
module_collection_mode = "pyz+py"
