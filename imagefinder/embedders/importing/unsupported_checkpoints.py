"""Detection, by tensor names, of checkpoints often mistaken for CLIP models, such as LoRAs."""

from collections.abc import Iterator
from pathlib import Path

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.weights.state_dict import Shapes
from imagefinder.translation import tr


def refuse_unsupported(found: Shapes, path: Path) -> None:
    """Check that a file contains a CLIP model in a form that open_clip reads.

    Raises:
        ModelError: It does not. The message says what the file is, and what to get instead.
    """
    for is_it, what in _unsupported_kinds(found):
        if is_it:
            raise ModelError(tr("{path} cannot be imported: {what}.", path=path, what=what))


def _unsupported_kinds(found: Shapes) -> Iterator[tuple[bool, str]]:
    """Yield each kind's description, preceded by whether the file is of that kind.

    The first match counts.
    """

    def has(*parts: str) -> bool:
        return any(part in name for name in found for part in parts)

    yield (
        has("lora_", "lora.", "hada_w1"),
        tr("it is a LoRA, which changes another model and is none by itself"),
    )
    yield (
        has("model.diffusion_model.", "first_stage_model.", "down_blocks.", "double_blocks."),
        tr("it is a model that paints pictures (Stable Diffusion or its kin), not one that finds them"),
    )
    yield (
        has("vision_model.head.attention", "vision_model.embeddings.patch_embedding.bias"),
        tr(
            "it is a SigLIP model in the form of the transformers library; get the one for open_clip, which is "
            "published with an open_clip_config.json (huggingface.co/timm)"
        ),
    )
    text, image = has("text_model.encoder.layers."), has("vision_model.encoder.layers.")
    yield (
        text and not image,
        tr("it holds the text part of a CLIP model alone, and pictures need the image part"),
    )
    yield (
        image and not text,
        tr("it holds the image part of a CLIP model alone, and words need the text part"),
    )
    has_text = has("token_embedding.", "word_embeddings.", "embed_tokens.", "embedding_layer.")
    is_image = has(
        "visual.", "image_encoder.", "patch_embed", "stem.", "layer1.0.conv1", "conv_stem", "features."
    )
    yield (
        is_image and not has_text,
        tr("it is a model of pictures alone, without the text part that a search by words needs"),
    )
    yield (
        not has("visual.", "image_encoder."),
        tr("its tensors are not named as those of a CLIP model of open_clip are"),
    )
