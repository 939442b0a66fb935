"""The starter model's image tower: TinyViT-5M (Wu et al. 2022, arXiv:2207.10666) for pictures of 192 pixels.

timm knows it for 224 pixels only. There its three stages with attention see 28, 14 and 7 cells a side, cut into
windows of 7, 14 and 7; at 192 pixels they see 24, 12 and 6, which windows of 6, 12 and 6 tile without padding.
It takes three quarters of the arithmetic of 224 pixels.
"""

from typing import Any

NAME = "tiny_vit_5m_192"
"""What a model config calls it, as ``timm_model_name``."""

_WINDOWS = (6, 6, 12, 6)


def register() -> None:
    """Make the tower known to timm, from which open_clip takes towers by name. Harmless when called again.

    Raises:
        ImportError: timm is missing, or knows no TinyViT.
    """
    from timm.models import is_model, register_model
    from timm.models.tiny_vit import tiny_vit_5m_224

    def tiny_vit_5m_192(pretrained: bool = False, **options: Any) -> Any:
        return tiny_vit_5m_224(pretrained=pretrained, **{"window_sizes": _WINDOWS, **options})

    if not is_model(NAME):  # timm warns of a name that it knows already
        register_model(tiny_vit_5m_192)
