"""Tiny models of open_clip with seeded random weights: the real code path, in a second."""

from copy import deepcopy
from typing import Any

TINY_CONFIG: dict[str, Any] = {
    "embed_dim": 48,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 8},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2},
}


def random_model(config: dict[str, Any] = TINY_CONFIG, seed: int = 20240607) -> Any:
    """open_clip's own model, of the class that it chooses itself, made without anything of ours."""
    from imagefinder.embedders.towers import import_open_clip

    import_open_clip()
    import open_clip
    import torch

    parts = deepcopy(config)
    is_custom = parts.pop("custom_text", False)
    kind = open_clip.CustomTextCLIP if is_custom else open_clip.CLIP
    if "multimodal_cfg" in parts:
        kind = open_clip.CoCa
    torch.manual_seed(seed)
    return kind(**parts).eval().requires_grad_(False)


def random_weights(config: dict[str, Any] = TINY_CONFIG, seed: int = 20240607) -> dict[str, Any]:
    """Its weights by name."""
    weights: dict[str, Any] = random_model(config, seed).state_dict()
    return weights
