"""Convert the model's image tower for OpenVINO: ``python packaging/starter_model/convert.py FOLDER``.

Shipping the converted tower saves the conversion at first use. ``FOLDER`` contains the output of ``export.py``. The
tower's file name depends on its content (``tower_files.py``).
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]


def convert(folder: Path) -> None:
    """Write the tower's two files to ``folder``, replacing earlier ones, and record their name in ``model.json``."""
    from imagefinder.embedders.catalogue.model_store import MODEL, read_folder
    from imagefinder.embedders.runtime.openvino_tower import save_image_tower
    from imagefinder.embedders.runtime.tower_files import remove_others, take_in
    from imagefinder.embedders.towers.preprocess import Preprocessing

    spec = read_folder(folder)
    if spec is None:
        sys.exit(f"There is no model in {folder}.")
    with TemporaryDirectory(dir=folder) as scratch:
        file = Path(scratch, "tower.xml")
        save_image_tower(spec, Preprocessing(spec.preprocess_cfg), file)
        name = take_in(file, folder)
    remove_others(folder, name)
    about = json.loads((folder / MODEL).read_text(encoding="utf-8"))
    (folder / MODEL).write_text(
        json.dumps(about | {"openvino_tower": name}, indent=2) + "\n", encoding="utf-8"
    )
    size = sum(path.stat().st_size for path in folder.glob("tower-*"))
    print(f"{folder / name} and its weights: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    convert(Path(sys.argv[1]))
