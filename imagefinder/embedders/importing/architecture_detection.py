"""Detect the architecture of a checkpoint from its tensors alone. File names are no evidence.

What tensors cannot tell is not guessed: the activation function (QuickGELU or GELU) has no weights, and neither
have the input size of a convolutional tower and the preprocessing.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from imagefinder.embedders.catalogue.catalogue import (
    architectures,
    model_config,
    published_table,
    published_tags,
    settings_for,
)
from imagefinder.embedders.catalogue.hub_cache import published_checksum
from imagefinder.embedders.spec import JsonDict
from imagefinder.embedders.weights.state_dict import Shapes, shape_misfits
from imagefinder.translation import tr

# Vocabulary and width of the text towers that open_clip takes from transformers (their config.json on the hub).
_WORD_EMBEDDINGS = {
    "roberta-base": (50265, 768),
    "xlm-roberta-base": (250002, 768),
    "xlm-roberta-large": (250002, 1024),
    "google/mt5-base": (250112, 768),
    "google/mt5-xl": (250112, 2048),
    "facebook/nllb-200-distilled-600M": (256206, 1024),
    "facebook/nllb-200-distilled-1.3B": (256206, 1024),
}
_WORDS = re.compile(r"(token_embedding|word_embeddings|embed_tokens|shared)\.weight")
# open_clip's CLIPTextCfg and CLIPVisionCfg (open_clip/model.py).
_TEXT_DEFAULTS = {"vocab_size": 49408, "width": 512, "layers": 12}
_VISION_DEFAULTS = {"layers": 12, "width": 768, "patch_size": 16}
# What the names of the tensors of some of timm's families begin with.
_TIMM_PARTS = {
    ("vit_base_patch", "vit_so", "vit_large", "vit_giant", "vit_pe", "eva"): "blocks.0.attn.",
    ("vit_base_mci",): "patch_embed.backbone.",
    ("vitamin",): "patch_embed.backbone.stages.",
    ("convnext",): "stages.0.blocks.0.conv_dw.",
    ("fastvit",): "stages.0.blocks.0.token_mixer.",
}
_EXAMPLES = 3
# Numbers used in training only; (), (1,) or absent by the version that saved them.
_SCALARS = ("logit_scale", "logit_bias")
# Of no effect on an embedding: they count while training, or when weights are downloaded.
_IDLE = {
    "timm_model_pretrained",
    "timm_drop",
    "timm_drop_path",
    "patch_dropout",
    "init_logit_bias",
    "custom_text",
}


@dataclass(frozen=True, slots=True)
class ArchitectureChoice:
    """One way to compute with certain tensors."""

    arch: str
    """As for ``--arch``: an architecture, or ``ARCH/TAG``."""
    model_cfg: JsonDict
    preprocess_cfg: JsonDict
    tags: tuple[str, ...]
    """Published weights that are computed so, as ``ARCH/TAG``; each once."""
    alike: tuple[str, ...]
    """Other architectures that compute the same, and differ in name only."""


def compared(found: Shapes) -> dict[str, list[str]]:
    """What is wrong with the tensors for each architecture of open_clip that is not out of the question.

    An empty list: they fit. Cheap doubts leave about five of 144 architectures to be built and compared.

    Raises:
        ModelError: open_clip's libraries are missing.
    """
    bare = comparable(found)
    near = {arch: config for arch in architectures() if _is_plausible(config := model_config(arch), bare)}
    return {arch: differences(shapes_of_architecture(arch), found, config) for arch, config in near.items()}


@cache
def shapes_of_architecture(arch: str) -> Shapes:
    """What ``expected_shapes`` says of one of open_clip's architectures.

    Raises:
        ModelError: open_clip has no such architecture, or its libraries are missing.
    """
    from imagefinder.embedders.importing.checkpoint_shapes import expected_shapes

    return expected_shapes(model_config(arch))


def differences(expected: Shapes, found: Shapes, model_cfg: JsonDict) -> list[str]:
    """What is wrong with the tensors found, one phrase each; empty when they fit.

    Where the text tower is one of transformers, only the image tower is compared (``shapes.expected_shapes``).
    """
    wanted, there = comparable(expected), comparable(found)
    if model_cfg["text_cfg"].get("hf_model_name"):
        there = {name: shape for name, shape in there.items() if name.startswith("visual.")}
    return shape_misfits(wanted, there)


def comparable(shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """With the names that open_clip gives a text tower of CLIP's own form, and without training's numbers."""
    return {
        name.removeprefix("text."): shape
        for name, shape in shapes.items()
        if name not in _SCALARS and not name.endswith("embeddings.position_ids")
    }


def choices(archs: Iterable[str]) -> list[ArchitectureChoice]:
    """The different computations that architectures of the same tensors stand for, with the weights published so."""
    ways: dict[str, list[tuple[str, str | None]]] = {}
    for arch in archs:
        for tag in (None, *published_tags(arch)):
            ways.setdefault(computation(*settings_for(arch, tag)), []).append((arch, tag))
    return [_choice(names) for names in ways.values()]


def computation(model_cfg: JsonDict, preprocess_cfg: JsonDict | None = None) -> str:
    """Stands for what is computed: equal where two configs give equal embeddings with the same weights."""

    def bare(config: JsonDict) -> JsonDict:
        return {key: value for key, value in config.items() if key not in _IDLE and value is not None}

    config = bare({**model_cfg, "quick_gelu": bool(model_cfg.get("quick_gelu"))})
    towers = {part: bare(config[part]) for part in ("vision_cfg", "text_cfg")}
    return json.dumps([{**config, **towers}, preprocess_cfg], sort_keys=True)


def same_architecture(model_cfg: JsonDict) -> list[str]:
    """open_clip's names of a config; empty where it has none of its own for it."""
    wanted = computation(model_cfg)
    return [arch for arch in architectures() if computation(model_config(arch)) == wanted]


def published_as(digest: str) -> list[str]:
    """The published weights (``ARCH/TAG``) whose stated checksum this SHA-256 (hex) begins with."""
    return [
        f"{arch}/{tag}"
        for arch, rows in published_table().items()
        for tag, row in rows.items()
        if (stated := published_checksum(row)) and digest.startswith(stated)
    ]


def told_apart(options: Sequence[ArchitectureChoice]) -> str:
    """The choices in words: each with what sets it apart from the others, and weights published so."""
    facts = [_facts(option) for option in options]
    differing = [key for key in facts[0] if len({fact[key] for fact in facts}) > 1]
    lines = []
    for option, fact in zip(options, facts, strict=True):
        tags = tr(", ", "between names").join(name.partition("/")[2] for name in option.tags[:_EXAMPLES])
        if len(option.tags) > _EXAMPLES:
            tags = tr("{names} and {count} more", names=tags, count=len(option.tags) - _EXAMPLES)
        apart = tr(", ", "between names").join(fact[key] for key in differing if fact[key])
        such = tr("as {names}", "published weights", names=tags) if tags else tr("nothing is published so")
        lines.append(tr("{choice} ({differences}; {such})", choice=option.arch, differences=apart, such=such))
    return tr("; ", "between choices").join(lines)


def _choice(names: Sequence[tuple[str, str | None]]) -> ArchitectureChoice:
    plain = [arch for arch, tag in names if tag is None]
    # The shortest name first: open_clip lists ViT-B-32/openai again under ViT-B-32-quickgelu.
    shortest = {tag: arch for arch, tag in sorted(names, key=lambda name: -len(name[0])) if tag is not None}
    tags = tuple(f"{arch}/{tag}" for tag, arch in shortest.items())
    arch, tag = (plain[0], None) if plain else names[0]
    model_cfg, preprocess_cfg = settings_for(arch, tag)
    chosen = arch if tag is None else f"{arch}/{tag}"
    return ArchitectureChoice(chosen, model_cfg, preprocess_cfg, tags, tuple(plain[1:]))


def _facts(option: ArchitectureChoice) -> dict[str, str]:
    """What choices may differ in, in words."""
    preprocess = option.preprocess_cfg
    return {
        "activation": "QuickGELU" if option.model_cfg.get("quick_gelu") else "GELU",
        "tower": str(option.model_cfg["vision_cfg"].get("timm_model_name", "")),
        "size": tr("{side} pixels", side=preprocess["size"]),
        "resizing": tr(
            "resizing “{mode}”, {how}", mode=preprocess["resize_mode"], how=preprocess["interpolation"]
        ),
        "mean": tr("mean {numbers}", numbers=_numbers(preprocess["mean"])),
    }


def _numbers(values: Sequence[float]) -> str:
    return "/".join(f"{value:.3g}" for value in values)


def _is_plausible(config: JsonDict, found: Shapes) -> bool:
    """Cheap doubts, so that few architectures have to be built: the words' table, the depths, the kind of tower."""
    text, vision = config["text_cfg"], {**_VISION_DEFAULTS, **config["vision_cfg"]}
    words = {shape for name, shape in found.items() if _WORDS.search(name)}
    if name := text.get("hf_model_name"):
        if _WORD_EMBEDDINGS.get(name) not in words:
            return False
    else:
        wanted = {**_TEXT_DEFAULTS, **text}
        if (wanted["vocab_size"], wanted["width"]) not in words:
            return False
        if _depth(found, "transformer.resblocks.") != wanted["layers"]:
            return False
        # Stored either way round; none where both are as wide.
        ways = (found.get("text_projection"), found.get("text_projection.weight", ())[::-1])
        if any(ways) and (wanted["width"], config["embed_dim"]) not in ways:
            return False
    if bool(config.get("multimodal_cfg")) != any(name.startswith("text_decoder.") for name in found):
        return False
    if name := vision.get("timm_model_name"):
        families = (part for families, part in _TIMM_PARTS.items() if name.startswith(families))
        part = next(families, "")
        return any(known.startswith(f"visual.trunk.{part}") for known in found)
    if isinstance(vision["layers"], list):
        return "visual.layer1.0.conv1.weight" in found
    side = vision["patch_size"]
    is_first = found.get("visual.conv1.weight") == (vision["width"], 3, side, side)
    return is_first and _depth(found, "visual.transformer.resblocks.") == vision["layers"]


def _depth(found: Shapes, prefix: str) -> int:
    return len({name[len(prefix) :].partition(".")[0] for name in found if name.startswith(prefix)})
