"""Detection of a checkpoint's architecture from its tensors alone, not from file names.

Nothing is guessed that tensors do not show: the activation function (QuickGELU or GELU), the input size of a
convolutional tower, and the preprocessing.
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
from imagefinder.translation import join_names, tr

# Vocabulary size and width of the text towers that open_clip takes from transformers (their config.json on the hub).
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
# Prefixes of tensor names in some of timm's families.
_TIMM_PARTS = {
    ("vit_base_patch", "vit_so", "vit_large", "vit_giant", "vit_pe", "eva"): "blocks.0.attn.",
    ("vit_base_mci",): "patch_embed.backbone.",
    ("vitamin",): "patch_embed.backbone.stages.",
    ("convnext",): "stages.0.blocks.0.conv_dw.",
    ("fastvit",): "stages.0.blocks.0.token_mixer.",
}
_EXAMPLES = 3
# Scalars used only in training. Their shape is () or (1,), or they are absent, depending on the version that saved
# them.
_SCALARS = ("logit_scale", "logit_bias")
# Keys without effect on vectors: they matter only in training or when weights are downloaded.
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
    """One way of computing with given tensors."""

    arch: str
    """Value for ``--arch``: an architecture, or ``ARCH/TAG``."""
    model_cfg: JsonDict
    preprocess_cfg: JsonDict
    tags: tuple[str, ...]
    """Published weights that are computed this way, as ``ARCH/TAG``, without duplicates."""
    alike: tuple[str, ...]
    """Other architectures that compute the same and differ only in name."""


def compared(found: Shapes) -> dict[str, list[str]]:
    """Return, for each plausible architecture of open_clip, in what the tensors differ from it.

    An empty list means that they fit. Cheap checks leave about five of 144 architectures to be built and compared.

    Raises:
        ModelError: open_clip's libraries are missing.
    """
    bare = comparable(found)
    near = {arch: config for arch in architectures() if _is_plausible(config := model_config(arch), bare)}
    return {arch: differences(shapes_of_architecture(arch), found, config) for arch, config in near.items()}


@cache
def shapes_of_architecture(arch: str) -> Shapes:
    """Return ``expected_shapes`` of one of open_clip's architectures. Cached.

    Raises:
        ModelError: open_clip has no such architecture, or its libraries are missing.
    """
    from imagefinder.embedders.importing.checkpoint_shapes import expected_shapes

    return expected_shapes(model_config(arch))


def differences(expected: Shapes, found: Shapes, model_cfg: JsonDict) -> list[str]:
    """Return in what the found tensors differ from the expected ones, one phrase each. Empty if they fit.

    If the text tower comes from transformers, only the image tower is compared
    (``checkpoint_shapes.expected_shapes``).
    """
    wanted, there = comparable(expected), comparable(found)
    if model_cfg["text_cfg"].get("hf_model_name"):
        there = {name: shape for name, shape in there.items() if name.startswith("visual.")}
    return shape_misfits(wanted, there)


def comparable(shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """Return shapes with uniform names for CLIP's text tower, and without tensors used only in training."""
    return {
        name.removeprefix("text."): shape
        for name, shape in shapes.items()
        if name not in _SCALARS and not name.endswith("embeddings.position_ids")
    }


def choices(archs: Iterable[str]) -> list[ArchitectureChoice]:
    """Return the distinct computations of architectures with the same tensors.

    Each comes with the published weights that are computed this way.
    """
    ways: dict[str, list[tuple[str, str | None]]] = {}
    for arch in archs:
        for tag in (None, *published_tags(arch)):
            ways.setdefault(computation(*settings_for(arch, tag)), []).append((arch, tag))
    return [_choice(names) for names in ways.values()]


def computation(model_cfg: JsonDict, preprocess_cfg: JsonDict | None = None) -> str:
    """Return a key that is equal for configs that give equal vectors with the same weights."""

    def bare(config: JsonDict) -> JsonDict:
        return {key: value for key, value in config.items() if key not in _IDLE and value is not None}

    config = bare({**model_cfg, "quick_gelu": bool(model_cfg.get("quick_gelu"))})
    towers = {part: bare(config[part]) for part in ("vision_cfg", "text_cfg")}
    return json.dumps([{**config, **towers}, preprocess_cfg], sort_keys=True)


def same_architecture(model_cfg: JsonDict) -> list[str]:
    """Return open_clip's architectures that are equivalent to a config. Empty if there is none."""
    wanted = computation(model_cfg)
    return [arch for arch in architectures() if computation(model_config(arch)) == wanted]


def published_as(digest: str) -> list[str]:
    """Return the published weights (``ARCH/TAG``) whose stated checksum is a prefix of this SHA-256 (hex)."""
    return [
        f"{arch}/{tag}"
        for arch, rows in published_table().items()
        for tag, row in rows.items()
        if (stated := published_checksum(row)) and digest.startswith(stated)
    ]


def told_apart(options: Sequence[ArchitectureChoice]) -> str:
    """Describe the choices in words: how each differs from the others, and the weights published for it."""
    facts = [_facts(option) for option in options]
    differing = [key for key in facts[0] if len({fact[key] for fact in facts}) > 1]
    lines = []
    for option, fact in zip(options, facts, strict=True):
        tags = join_names(name.partition("/")[2] for name in option.tags[:_EXAMPLES])
        if len(option.tags) > _EXAMPLES:
            tags = tr("{names} and {count} more", names=tags, count=len(option.tags) - _EXAMPLES)
        apart = join_names(fact[key] for key in differing if fact[key])
        such = tr("as {names}", "published weights", names=tags) if tags else tr("nothing is published so")
        lines.append(tr("{choice} ({differences}; {such})", choice=option.arch, differences=apart, such=such))
    return tr("; ", "between choices").join(lines)


def _choice(names: Sequence[tuple[str, str | None]]) -> ArchitectureChoice:
    plain = [arch for arch, tag in names if tag is None]
    # Prefer the shortest name: open_clip lists ViT-B-32/openai again under ViT-B-32-quickgelu.
    shortest = {tag: arch for arch, tag in sorted(names, key=lambda name: -len(name[0])) if tag is not None}
    tags = tuple(f"{arch}/{tag}" for tag, arch in shortest.items())
    arch, tag = (plain[0], None) if plain else names[0]
    model_cfg, preprocess_cfg = settings_for(arch, tag)
    chosen = arch if tag is None else f"{arch}/{tag}"
    return ArchitectureChoice(chosen, model_cfg, preprocess_cfg, tags, tuple(plain[1:]))


def _facts(option: ArchitectureChoice) -> dict[str, str]:
    """Return the properties in which choices may differ, in words."""
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
    """Cheaply exclude architectures by vocabulary, depth and kind of tower, so that few have to be built."""
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
        # Stored in either orientation. Absent if both widths are equal.
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
