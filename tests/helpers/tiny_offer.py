"""Tiny CLIP in place of a model of the catalogue, for testing complete downloads."""

import json
from pathlib import Path
from typing import Any

from helpers.hub_server import HubServer
from helpers.tiny_clip import TINY_CONFIG, random_weights

from imagefinder.domain.model_names import ModelOffer
from imagefinder.embedders.catalogue.catalogue import architectures, published_table
from imagefinder.embedders.catalogue.downloadable_models import offers

NAME, REPOSITORY = "tiny-clip/test", "lab/tiny-clip"
WEIGHTS = "open_clip_model.safetensors"

Entry = tuple[dict[str, Any], str, Any]


def offer(name: str = NAME, **others: Any) -> ModelOffer:
    """Return the catalogue's entry for the tiny model."""
    facts: dict[str, Any] = {
        "name": name,
        "title": "Tiny CLIP",
        "about": "For tests.",
        "megabytes": 13,
        "memory_mb": 400,
        "parameters": 3,
        "dimension": 48,
        "languages": "en",
        "licence": "MIT",
        "licence_page": "https://example.org/licence",
        "needs_consent": False,
        "needs_transformers": False,
        "imagenet": 0.1,
        "coco": None,
        "flickr30k": None,
    }
    return ModelOffer(**facts | others)


def entries(config: Path, **others: Any) -> list[Entry]:
    """Return the entries to add to the program's tables: architectures, open_clip's tags, and downloadable models."""
    arch, _, tag = NAME.partition("/")
    tags: Any = published_table()
    row = {"url": "", "hf_hub": f"{REPOSITORY}/", "mean": (0.5, 0.5, 0.5), "quick_gelu": True}
    return [
        (architectures(), arch, config),
        (tags, arch, {tag: row}),
        (offers(), NAME, offer(**others)),
    ]


def write_config(path: Path) -> Path:
    """Write the config of the tiny model and return its path."""
    path.write_text(json.dumps(TINY_CONFIG))
    return path


def weights_bytes() -> bytes:
    """Return the weights of the tiny model as the bytes of a safetensors file."""
    from safetensors.torch import save

    return save(random_weights(), metadata={"format": "pt"})


def stock(hub: HubServer, weights: bytes) -> None:
    """Put the weights of the tiny model into a hub."""
    hub.put(REPOSITORY, WEIGHTS, weights)
