"""The model's image tower as OpenVINO reads it: ``python packaging/starter_model/convert.py FOLDER``.

So that nobody's first photograph waits for a conversion. ``FOLDER`` holds what ``export.py`` wrote; the tower gets a
new name with every new content (``tower_files.py``).
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]


def convert(folder: Path) -> None:
    """Write the tower's two files to ``folder``, in place of those that are there, and name them in ``model.json``."""
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
