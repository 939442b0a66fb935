"""Specification of one CLIP model: all that is needed to load it, collected without importing torch."""

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
    """Return the preprocessing of a model: open_clip's defaults, the model's input size, then ``overlay``.

    ``open_clip.create_model`` merges in the same way. Keys that do not concern preprocessing are dropped.
    """
    merged = {**OPENAI_PREPROCESS, "size": model_cfg["vision_cfg"].get("image_size", 224)}
    known = {key: value for key, value in overlay.items() if key in merged and value is not None}
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in known.items()}
    return {**merged, **plain, "size": merged["size"]}


def short_hash(value: object) -> str:
    """Return eight hex digits that identify a JSON value, regardless of the order of keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:8]


@dataclass(frozen=True)
class ClipSpec:
    """A CLIP model: its architecture, preprocessing and weights file."""

    name: str
    """Name of the model, as given to ``--model``."""
    weights_id: str
    """Identifier of the weights: a published tag, or ``sha256:`` and the first digits of the file's hash."""
    arch: str
    """open_clip's name of the architecture, or a name of this program's for a custom config."""
    weights: Path
    model_cfg: JsonDict = field(hash=False)
    """Model config in the form of open_clip's ``model_configs/*.json``."""
    preprocess_cfg: JsonDict = field(hash=False)
    published: bool = False
    """Whether open_clip itself lists these weights for this architecture."""
    is_english: bool = False
    """Whether the model was trained on English only, and cannot use words in other scripts."""
    sha256: str = ""
    """First digits of the weights file's SHA-256, verified before loading. Empty if unknown."""
    openvino_tower: Path | None = None
    """Image tower in OpenVINO's format (``.xml``, with a ``.bin`` beside it) that came with the weights, if any."""

    @property
    def id(self) -> str:
        """Identifier of architecture (including the activation function), weights and preprocessing."""
        details = short_hash([self.preprocess_cfg, bool(self.model_cfg.get("quick_gelu", False))])
        return f"open_clip:{self.arch}:{self.weights_id}:{details}"

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        return int(self.model_cfg["embed_dim"])

    @property
    def image_side(self) -> int:
        """Longer side of the model's input in pixels."""
        size = self.preprocess_cfg["size"]
        return int(size if isinstance(size, int) else max(size))
