"""Tests of architecture detection from tensors. Those of large models have only names and shapes here."""

import json
from pathlib import Path
from typing import Any

import pytest

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.catalogue.catalogue import architectures
from imagefinder.embedders.importing import architecture_detection, model_resolution
from imagefinder.embedders.importing.architecture_detection import choices, compared, shapes_of_architecture
from imagefinder.embedders.importing.checkpoint_shapes import found_shapes
from imagefinder.embedders.importing.import_source import WeightsSource
from imagefinder.embedders.weights.state_dict import Shapes

# Architectures of open_clip 3.3 with the same tensors. Only a config or the user can distinguish those of a group.
SAME_TENSORS = (
    ("RN101-quickgelu", "RN101"),
    ("RN50-quickgelu", "RN50"),
    ("RN50x16-quickgelu", "RN50x16"),
    ("RN50x4-quickgelu", "RN50x4"),
    ("RN50x64-quickgelu", "RN50x64"),
    ("ViT-B-16-quickgelu", "ViT-B-16"),
    ("ViT-B-32-quickgelu", "ViT-B-32"),
    ("ViT-H-14-378-quickgelu", "ViT-H-14-378"),
    ("ViT-H-14-quickgelu", "ViT-H-14"),
    ("ViT-H-14-worldwide-quickgelu", "ViT-H-14-worldwide"),
    ("ViT-L-14-336-quickgelu", "ViT-L-14-336"),
    ("ViT-L-14-quickgelu", "ViT-L-14"),
    ("ViT-L-14-worldwide-quickgelu", "ViT-L-14-worldwide"),
    ("ViT-SO400M-14-SigLIP-378", "ViT-SO400M-14-SigLIP-384"),
    ("ViT-bigG-14-quickgelu", "ViT-bigG-14"),
    ("ViTamin-XL-256", "ViTamin-XL-336", "ViTamin-XL-384"),
    ("convnext_base_w", "convnext_base_w_320"),
    ("convnext_large_d", "convnext_large_d_320"),
    ("convnext_xxlarge", "convnext_xxlarge_320"),
)
# These compute the same too, and differ only in name.
SAME_IN_ALL_BUT_NAME = (("MobileCLIP-B", "MobileCLIP2-B"), ("MobileCLIP-S2", "MobileCLIP2-S2"))


def hollow(path: Path, shapes: Shapes) -> Path:
    """Write a safetensors file of float32 tensors as holes, which take no disk space."""
    table, end = {}, 0
    for name, shape in shapes.items():
        size = 4
        for side in shape:
            size *= side
        table[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    header = json.dumps(table).encode()
    with path.open("wb") as stream:
        stream.write(len(header).to_bytes(8, "little") + header)
        stream.truncate(8 + len(header) + end)
    return path


def fits(found: Shapes) -> list[str]:
    return [arch for arch, wrong in compared(found).items() if not wrong]


@pytest.mark.parametrize(
    "arch",
    [
        "ViT-B-32-256",
        "ViT-B-32-plus-256",
        "ViT-B-32-SigLIP2-256",
        "ViT-B-16-SigLIP-i18n-256",
        "ViT-S-16-alt",
        "MobileCLIP2-S0",
        "PE-Core-T-16-384",
        "EVA02-B-16",
        "coca_ViT-B-32",
        "convnext_tiny",
        "vit_medium_patch16_gap_256",
        "ViT-L-14-280",
    ],
)
def test_an_architecture_is_recognised_by_its_tensors(arch: str, tmp_path: Path) -> None:
    found = found_shapes(hollow(tmp_path / "x.safetensors", shapes_of_architecture(arch)))
    assert fits(found) == [arch]
    (choice,) = choices([arch])
    assert choice.arch == arch


@pytest.mark.parametrize(
    "group", [SAME_TENSORS[6], SAME_TENSORS[1], SAME_TENSORS[16], SAME_IN_ALL_BUT_NAME[1]]
)
def test_architectures_with_the_same_tensors_are_all_named(group: tuple[str, ...]) -> None:
    assert fits(shapes_of_architecture(group[-1])) == list(group)


@pytest.mark.parametrize("group", SAME_TENSORS, ids=lambda group: group[-1])
def test_architectures_that_tensors_cannot_tell_apart_are_never_guessed(group: tuple[str, ...]) -> None:
    options = choices(group)
    assert len(options) > 1
    text = architecture_detection.told_apart(options)
    assert all(option.arch in text for option in options)
    assert len({part.partition(" (")[2] for part in text.split("; ") if " (" in part}) == len(options)


@pytest.mark.parametrize("group", SAME_IN_ALL_BUT_NAME)
def test_architectures_that_compute_the_same_need_no_choice(group: tuple[str, ...]) -> None:
    (choice,) = choices(group)
    assert (choice.arch, *choice.alike) == group


@pytest.mark.parametrize(
    ("arch", "words"),
    [
        ("xlm-roberta-base-ViT-B-32", (250002, 768)),
        ("roberta-ViT-B-32", (50265, 768)),
        ("nllb-clip-base", (256206, 1024)),
    ],
)
def test_a_text_tower_of_transformers_is_told_by_its_vocabulary(arch: str, words: tuple[int, int]) -> None:
    found = {
        **shapes_of_architecture(arch),
        "text.transformer.embeddings.word_embeddings.weight": words,
        "text.proj.0.weight": (640, words[1]),
    }
    assert fits(found) == [arch]


def test_what_fits_says_nothing_of_names_given_to_text_towers_before_or_of_training() -> None:
    shapes = shapes_of_architecture("ViT-S-32")
    old = {name if name.startswith("visual.") else f"text.{name}": shape for name, shape in shapes.items()}
    del old["text.logit_scale"]
    assert fits({**old, "logit_scale": (1,)}) == ["ViT-S-32"]


def test_a_tensor_more_or_less_fits_nothing() -> None:
    shapes = dict(shapes_of_architecture("ViT-S-32"))
    assert not fits({**shapes, "visual.head.weight": (10, 384)})
    del shapes["ln_final.bias"]
    assert not fits(shapes)


def test_every_architecture_is_either_unique_or_listed_here() -> None:
    listed = [arch for group in (*SAME_TENSORS, *SAME_IN_ALL_BUT_NAME) for arch in group]
    assert len(listed) == len(set(listed))
    assert set(listed) <= set(architectures())


def paired(found: Shapes, arch: str = "", digest: str = "0" * 64) -> model_resolution.ResolvedModel:
    return model_resolution.pair(
        WeightsSource(Path("x.safetensors"), None, None, "x"), arch, found, lambda: digest
    )


def test_what_cannot_be_told_is_asked_with_the_choices() -> None:
    with pytest.raises(ModelError, match="fit more than one architecture") as caught:
        paired(shapes_of_architecture("ViT-B-32"))
    text = str(caught.value)
    assert "ViT-B-32-quickgelu (QuickGELU; as openai, " in text
    assert "ViT-B-32 (GELU; as laion2b_e16, " in text
    assert "ViT-B-32/openai" in text


def test_a_choice_once_made_is_taken() -> None:
    found = shapes_of_architecture("ViT-B-32")
    assert paired(found, "ViT-B-32").model_cfg.get("quick_gelu") is None
    openai = paired(found, "ViT-B-32/openai")
    assert openai.model_cfg["quick_gelu"]
    assert openai.published == "ViT-B-32/openai"


def test_published_weights_are_known_by_their_checksum() -> None:
    found = shapes_of_architecture("ViT-B-32")
    digest = "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"
    known = paired(found, digest=digest)
    assert (known.published, known.model_cfg["quick_gelu"]) == ("ViT-B-32/openai", True)
    assert "checksum" in known.how


def test_a_bare_siglip2_gets_siglip2s_preprocessing() -> None:
    known = paired(shapes_of_architecture("ViT-B-32-SigLIP2-256"))
    assert known.preprocess_cfg["mean"] == [0.5, 0.5, 0.5]
    assert known.preprocess_cfg["resize_mode"] == "squash"
    assert "Recognised as ViT-B-32-SigLIP2-256 by its tensors" in known.how


def test_a_wrong_architecture_is_refused_with_those_that_fit() -> None:
    found = shapes_of_architecture("ViT-B-32-256")
    with pytest.raises(
        ModelError, match=r"do not fit the architecture ViT-B-32: .*50 x 768.* They fit ViT-B-32-256\."
    ):
        paired(found, "ViT-B-32")


def test_tensors_of_no_known_architecture_are_compared_with_the_nearest() -> None:
    found = {**shapes_of_architecture("ViT-S-32"), "visual.proj": (384, 100)}
    with pytest.raises(
        ModelError,
        match=r"none of the architectures .*nearest is ViT-S-32.*384 x 100.*put the open_clip_config",
    ):
        paired(found)


def test_apples_own_form_of_mobileclip_has_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, Any] = {"image_encoder.model.patch_embed.0.rbr_conv.0.conv.weight": (64, 3, 3, 3)}
    with pytest.raises(ModelError, match="such as MobileCLIP-S2"):
        paired(found)
    assert paired(found, "MobileCLIP-S2").arch == "MobileCLIP-S2"
