"""Image tower of the starter model: TinyViT-5M (Wu et al. 2022, arXiv:2207.10666) for 192-pixel pictures.

timm has it for 224 pixels only. There, its three stages with attention have 28, 14 and 7 cells a side, in
windows of 7, 14 and 7. At 192 pixels they have 24, 12 and 6, which windows of 6, 12 and 6 tile without
padding. This takes three quarters of the arithmetic of 224 pixels.
"""

from typing import Any

NAME = "tiny_vit_5m_192"
"""Value of ``timm_model_name`` in a model config."""

_WINDOWS = (6, 6, 12, 6)


def register() -> None:
    """Register the tower with timm, from which open_clip takes towers by name. Idempotent.

    Raises:
        ImportError: timm is missing, or has no TinyViT.
    """
    from timm.models import is_model, register_model
    from timm.models.tiny_vit import tiny_vit_5m_224

    def tiny_vit_5m_192(pretrained: bool = False, **options: Any) -> Any:
        return tiny_vit_5m_224(pretrained=pretrained, **{"window_sizes": _WINDOWS, **options})

    if not is_model(NAME):  # timm warns if a name is registered twice
        register_model(tiny_vit_5m_192)
