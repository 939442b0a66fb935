"""A tiny CLIP model with random weights for the smoke test; it uses the same code as a real one."""

import json
from pathlib import Path
from typing import Any

_CONFIG: dict[str, Any] = {
    "embed_dim": 48,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 8},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2},
}


def make_model(folder: Path) -> tuple[Path, Path]:
    """Write a weights file and its config; return their paths."""
    import torch
    from safetensors.torch import save_file

    from imagefinder.embedders.towers.torchvision_ops import import_torchvision

    import_torchvision()
    import open_clip

    torch.manual_seed(7)
    weights, config = folder / "small.safetensors", folder / "small.json"
    save_file(open_clip.CLIP(**_CONFIG).state_dict(), weights)
    config.write_text(json.dumps(_CONFIG), encoding="utf-8")
    return weights, config
