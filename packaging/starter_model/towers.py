"""The untrained networks from timm and open_clip, in the architectures that the program loads.

Both libraries import torchvision, which must first be imported by imagefinder's ``import_torchvision``
(torchvision_ops.py). Therefore the functions import them locally.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from imagefinder.embedders.towers import tiny_vit
from imagefinder.embedders.towers.torchvision_ops import import_torchvision

Network = TypeVar("Network", bound=nn.Module)

DIMENSIONS = 512
"""Dimension of the towers' common space, that of CLIP ViT-B/16."""
SIDE = 192
"""Side in pixels of the image tower's input."""
CONTEXT = 32
"""Maximum number of tokens of the text tower, including the start and end tokens."""
VOCABULARY = 49408
TEXT_WIDTH, TEXT_HEADS, TEXT_LAYERS = 256, 4, 4
_FEATURES, _HIDDEN = 320, 1024

MODEL_CONFIG: dict[str, Any] = {
    "embed_dim": DIMENSIONS,
    "vision_cfg": {
        "image_size": SIDE,
        "timm_model_name": tiny_vit.NAME,
        "timm_model_pretrained": False,
        "timm_pool": "",
        "timm_proj": "mlp",
        "timm_proj_bias": True,
    },
    "text_cfg": {
        "context_length": CONTEXT,
        "vocab_size": VOCABULARY,
        "width": TEXT_WIDTH,
        "heads": TEXT_HEADS,
        "layers": TEXT_LAYERS,
    },
    "custom_text": True,
}
"""Model config for open_clip."""


class ImageTower(nn.Module):
    """TinyViT without batch norms (they are folded into the convolutions), and a head to the common space."""

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = nn.Sequential(nn.Linear(_FEATURES, _HIDDEN), nn.GELU(), nn.Linear(_HIDDEN, DIMENSIONS))

    def forward(self, pictures: Tensor) -> Tensor:
        """Embed pictures, (n, 3, side, side), as (n, 512), not of unit length."""
        projected: Tensor = self.head(self.trunk(pictures))
        return projected


def trunk() -> nn.Module:
    """Create TinyViT-5M for 192 pixels without a classifier: (n, 3, 192, 192) to (n, 320)."""
    import_torchvision()
    import timm

    tiny_vit.register()
    made: nn.Module = timm.create_model(tiny_vit.NAME, pretrained=False, num_classes=0)
    return made


def convolutions(network: nn.Module) -> list[tuple[str, Any]]:
    """Return timm's pairs of convolution and batch norm in a TinyViT, with their names, in graph order."""
    return [(name, part) for name, part in network.named_modules() if type(part).__name__ == "ConvNorm"]


def folded(network: nn.Module) -> nn.Module:
    """Fold every batch norm into its convolution, in place; return the network."""
    for part in list(network.modules()):
        for name, child in list(part.named_children()):
            if type(child).__name__ == "ConvNorm":
                pair: Any = child
                fused = nn.utils.fusion.fuse_conv_bn_eval(pair.conv.eval(), pair.bn.eval())
                setattr(part, name, fused)
    return network


def channels_last(network: Network) -> Network:
    """Convert a network to the memory format in which convolutions are fastest on a CPU; return it."""
    move: Any = network.to  # torch's type hints lack ``memory_format``
    move(memory_format=torch.channels_last)
    return network


def text_tower() -> nn.Module:
    """Create the causal transformer on CLIP's tokens: (n, up to 32) to (n, 512), not of unit length."""
    import_torchvision()
    from open_clip.transformer import TextTransformer

    class ShortRows(TextTransformer):  # type: ignore[misc]
        """Text transformer that accepts fewer tokens than its context; training on captions is twice as fast."""

        def forward(self, tokens: Tensor) -> Tensor:
            whole: Tensor = self.attn_mask  # type: ignore[has-type]
            self.attn_mask = whole[: tokens.shape[1], : tokens.shape[1]]
            try:
                with sdpa_kernel(SDPBackend.MATH):  # as the shipped weights were trained
                    projected: Tensor = super().forward(tokens)
                return projected
            finally:
                self.attn_mask = whole

    made: nn.Module = ShortRows(
        context_length=CONTEXT,
        vocab_size=VOCABULARY,
        width=TEXT_WIDTH,
        heads=TEXT_HEADS,
        layers=TEXT_LAYERS,
        output_dim=DIMENSIONS,
    )
    return made


def clip_image_tower() -> nn.Module:
    """Create CLIP ViT-B/16's image tower: (n, 3, 224, 224) to (n, 512)."""
    import_torchvision()
    import open_clip

    visual: nn.Module = open_clip.create_model("ViT-B-16-quickgelu", load_weights=False).visual
    return visual


def whole_model() -> nn.Module:
    """Create the model with both towers, as the program loads it."""
    import_torchvision()
    from open_clip import CustomTextCLIP

    tiny_vit.register()
    parts = {key: value for key, value in MODEL_CONFIG.items() if key != "custom_text"}
    made: nn.Module = CustomTextCLIP(**parts)
    return made


def tokenizer() -> Any:
    """Create CLIP's byte-pair tokenizer with the text tower's context length."""
    import_torchvision()
    from open_clip.tokenizer import SimpleTokenizer

    return SimpleTokenizer(context_length=CONTEXT)


def tokens_of(tokenize: Callable[..., Tensor], texts: Sequence[str], longest: int = CONTEXT) -> Tensor:
    """Tokenize texts, (n, up to ``longest``), without columns of padding only, which are half of most captions."""
    tokens = tokenize(texts, context_length=longest)
    return tokens[:, : int((tokens != 0).sum(1).max())]


def unit(vectors: Tensor) -> Tensor:
    """Scale each row to unit length."""
    return torch.nn.functional.normalize(vectors, dim=1)
