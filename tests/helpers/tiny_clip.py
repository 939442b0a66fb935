"""Tiny open_clip models with seeded random weights, which run the real code paths in a second."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray

TINY_CONFIG: dict[str, Any] = {
    "embed_dim": 48,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 8},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2},
}


def random_model(config: dict[str, Any] = TINY_CONFIG, seed: int = 20240607) -> Any:
    """Return open_clip's own model, of the class that open_clip chooses, created without code of imagefinder."""
    from imagefinder.embedders.towers.tower_loader import import_open_clip

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
    """Return the weights of this model by name."""
    weights: dict[str, Any] = random_model(config, seed).state_dict()
    return weights


def as_open_clip_takes(pixels: Sequence[NDArray[np.uint8]], preprocess_cfg: dict[str, Any]) -> Any:
    """Return resized and cropped pictures as a batch for open_clip's own model, scaled as in torchvision."""
    from torchvision.transforms import Normalize

    scaled = torch_batch(pixels).float().div(255)
    return Normalize(preprocess_cfg["mean"], preprocess_cfg["std"])(scaled)


def torch_batch(pixels: Sequence[NDArray[np.uint8]]) -> Any:
    """Stack pictures of shape (height, width, 3) into a batch of shape (n, 3, height, width)."""
    import torch

    return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous()
