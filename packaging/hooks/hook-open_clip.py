"""Collect open_clip's model configs and vocabulary, and its sources, which embedders/catalogue/catalogue.py reads."""

from PyInstaller.utils.hooks import collect_data_files

datas = collect_data_files("open_clip", includes=["model_configs/*.json", "*.gz"])
module_collection_mode = "pyz+py"
