"""The specification of one CLIP model: all that is needed to load it, gathered without importing torch."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

JsonDict = dict[str, Any]

# open_clip's PreprocessCfg defaults (open_clip/transform.py); the size comes from the model's own config.
OPENAI_PREPROCESS: JsonDict = {
    "mode": "RGB",
    "mean": [0.48145466, 0.4578275, 0.40821073],
    "std": [0.26862954, 0.26130258, 0.27577711],
    "interpolation": "bicubic",
    "resize_mode": "shortest",
    "fill_color": 0,
}


def merge_preprocess(model_cfg: JsonDict, overlay: JsonDict) -> JsonDict:
    """The preprocessing of a model: open_clip's defaults, the model's input size, then what ``overlay`` says.

    The same merge as ``open_clip.create_model`` does; keys that are no preprocessing are dropped.
    """
    merged = {**OPENAI_PREPROCESS, "size": model_cfg["vision_cfg"].get("image_size", 224)}
    known = {key: value for key, value in overlay.items() if key in merged and value is not None}
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in known.items()}
    return {**merged, **plain, "size": merged["size"]}


def short_hash(value: object) -> str:
    """Eight hex digits that stand for a JSON value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:8]


@dataclass(frozen=True)
class ClipSpec:
    """One CLIP model: its architecture, preprocessing, and where its weights lie."""

    name: str
    """What the user types."""
    weights_id: str
    """Which weights: a published tag's name, or ``sha256:`` and the first digits of a file's."""
    arch: str
    """open_clip's name of the architecture, or one of ours for a custom config."""
    weights: Path
    model_cfg: JsonDict = field(hash=False)
    """As in open_clip's ``model_configs/*.json``."""
    preprocess_cfg: JsonDict = field(hash=False)
    published: bool = False
    """Whether open_clip itself pairs these weights with this architecture."""
    is_english: bool = False
    """Whether it was taught English alone, so that words in another script say nothing to it."""
    sha256: str = ""
    """First digits of the weights file's checksum, to be proved before it is loaded; empty: not known."""
    openvino_tower: Path | None = None
    """Its image tower as OpenVINO reads it, where it came with the weights: a ``.xml``, and a ``.bin`` beside it."""

    @property
    def id(self) -> str:
        """Names architecture, weights and preprocessing (the activation function counts as architecture)."""
        details = short_hash([self.preprocess_cfg, bool(self.model_cfg.get("quick_gelu", False))])
        return f"open_clip:{self.arch}:{self.weights_id}:{details}"

    @property
    def dimension(self) -> int:
        """Length of an embedding."""
        return int(self.model_cfg["embed_dim"])

    @property
    def image_side(self) -> int:
        """Pixels of the model's (longer) input side."""
        size = self.preprocess_cfg["size"]
        return int(size if isinstance(size, int) else max(size))
