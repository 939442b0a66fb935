"""Load one tower of a CLIP model without the other, so that texts can be embedded before pictures."""

from copy import deepcopy
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.spec import ClipSpec, JsonDict
from imagefinder.embedders.towers import tiny_vit
from imagefinder.embedders.towers.tokenizer import local_text_config
from imagefinder.embedders.towers.torch_compiler import without_compiler
from imagefinder.embedders.towers.torchvision_ops import import_torchvision
from imagefinder.embedders.towers.transformers_support import without_transformers
from imagefinder.embedders.weights.state_dict import misfits
from imagefinder.embedders.weights.torch_weights import read_weights
from imagefinder.translation import tr

if TYPE_CHECKING:
    import torch

    from imagefinder.embedders.weights.torch_weights import State


class Tower(Enum):
    """A half of a model."""

    TEXT = auto()
    IMAGE = auto()


def load_tower(spec: ClipSpec, tower: Tower, device: "torch.device", dtype: "torch.dtype") -> Any:
    """One tower with its weights: open_clip's model with the parts of the other one taken out.

    The whole model is laid out, which costs neither memory nor reading, and every name and shape compared, so a file
    that does not fit is refused whichever tower is asked for. Of weights that are read as they are used (safetensors,
    PyTorch's zip), only this tower's are read; each becomes what it is computed with at once, so no second
    copy stands in memory.

    Raises:
        ModelError: the model cannot be built, or its weights cannot be read or do not fit.
    """
    model = build(spec.model_cfg)
    state = fitting(model, read_weights(spec.weights, bool(spec.sha256)), spec.arch, resize=spec.published)
    _take_out(model, Tower.IMAGE if tower is Tower.TEXT else Tower.TEXT)
    if tower is Tower.IMAGE and _is_folded(model.visual):
        _fill(model, state, "cpu", None)  # batch norms are folded in full precision
        del state
        _fold(model.visual)
    else:
        _fill(model, state, device, dtype)
    if tower is Tower.IMAGE:
        _put_channels_last(model.visual)
    return model.to(device=device, dtype=dtype)  # what is not in the file: an attention mask, say


def import_open_clip() -> None:
    """Import open_clip, past a torchvision that does not fit.

    Raises:
        ModelError: a library is missing or broken.
    """
    try:
        try:
            with without_compiler():
                _import_it()
        except (ImportError, AttributeError):  # a version that wants more of the compiler, if nothing worse
            _import_it()
    except ImportError as error:
        raise ModelError(
            tr("The libraries for CLIP models cannot be loaded: {reason}.", reason=error)
        ) from error


def _import_it() -> None:
    import_torchvision()
    import timm  # noqa: F401 - open_clip would keep quiet where it fails

    with without_transformers():
        import open_clip  # noqa: F401 - imported here so that a failure has its sentence


def build(model_cfg: JsonDict) -> Any:
    """A model as ``open_clip.create_model`` would choose its class; its weights are whatever the memory held.

    Not ``create_model`` itself: that takes a custom config only through a registry of the whole process or a
    folder on disk, sets up logging, and downloads parts of some models.

    Raises:
        ModelError: a library is missing, or the config makes no model.
    """
    import_open_clip()
    import open_clip

    config = deepcopy(model_cfg)
    config["vision_cfg"]["timm_model_pretrained"] = False
    config["text_cfg"] = local_text_config(config["text_cfg"])
    custom_text = config.pop("custom_text", False) or "hf_model_name" in config["text_cfg"]
    kind = open_clip.CustomTextCLIP if custom_text else open_clip.CLIP
    if custom_text and "multimodal_cfg" in config:
        kind = open_clip.CoCa
    try:
        if config["vision_cfg"].get("timm_model_name") == tiny_vit.NAME:
            tiny_vit.register()
        with _unfilled():
            model = kind(**config)
    except Exception as error:  # a config made by hand can fail anywhere in the model's construction
        raise ModelError(
            tr("open_clip cannot build a model from this config: {reason}.", reason=error)
        ) from error
    return model.eval().requires_grad_(False)


def fitting(model: Any, state: "State", arch: str, resize: bool = False) -> "State":
    """The weights under the model's own names, all of them and no others.

    ``resize``: let open_clip interpolate position embeddings, as it does for its own pairs of weights and
    architecture; a file from elsewhere that would need it was made for another architecture.

    Raises:
        ModelError: they do not fit; the message names one that does not.
    """
    from open_clip.convert import convert_state_dict
    from open_clip.model import convert_to_custom_text_state_dict, resize_pos_embed, resize_text_pos_embed

    try:
        state = convert_state_dict(model, state)
        if "positional_embedding" in state and not hasattr(model, "positional_embedding"):
            state = convert_to_custom_text_state_dict(state)
    except Exception as error:  # what is only half in a form that open_clip converts can fail anywhere
        raise ModelError(
            tr("The weights do not fit the architecture {arch}: {what}.", arch=arch, what=error)
        ) from error
    # transformers before 4.31 stored this constant.
    state.pop("text.transformer.embeddings.position_ids", None)
    wanted = model.state_dict()
    for scalar in ("logit_scale", "logit_bias"):  # () or (1,), by the version that saved it; not used here
        if scalar in wanted:
            found = state.get(scalar)
            given = found if found is not None and found.numel() == 1 else wanted[scalar]
            state[scalar] = given.reshape(wanted[scalar].shape)
    if resize:
        resize_pos_embed(state, model)
        resize_text_pos_embed(state, model)
    if wrong := misfits(wanted, state):
        others = tr(", and {count} more", "after one example", count=len(wrong) - 1) if len(wrong) > 1 else ""
        raise ModelError(
            tr("The weights do not fit the architecture {arch}: {what}.", arch=arch, what=wrong[0] + others)
        )
    return state


def _unfilled() -> "torch.overrides.TorchFunctionMode":
    """Within it, in this thread alone, no random weights are drawn for what is built.

    Memory that was asked for and never written to costs nothing. What a module computes for itself (an attention
    mask, indices) is computed as ever.
    """
    import torch
    from torch.nn import init

    drawing = {
        init.kaiming_uniform_,
        init.normal_,
        init.uniform_,
        # By what init has without a hook of its own, and timm's own functions: xavier_uniform_, trunc_normal_.
        torch.Tensor.erfinv_,
        torch.Tensor.normal_,
        torch.Tensor.uniform_,
    }

    class Unfilled(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            named = kwargs or {}
            if func in drawing:
                return args[0] if args else named["tensor"]
            return func(*args, **named)

    return Unfilled()


def _take_out(model: Any, tower: Tower) -> None:
    """Delete a tower's modules and weights from a model; what the other one computes stays what it was."""
    for name in [*model._modules, *model._parameters, *model._buffers]:
        # CoCa's text_decoder writes captions; nothing here asks it to.
        if (name in ("visual", "text_decoder")) if tower is Tower.IMAGE else (name != "visual"):
            delattr(model, name)


def _fill(model: Any, state: "State", device: "torch.device | str", dtype: "torch.dtype | None") -> None:
    """Put weights into a model one after the other, as ``dtype`` (None: as the model has them) on ``device``.

    Those of ``state`` that are put are taken out of it: they need not stay in memory meanwhile.
    """
    placed: dict[int, torch.Tensor] = {}
    filled = {}
    for name, place in model.state_dict(keep_vars=True).items():
        kind = dtype if dtype and place.is_floating_point() else place.dtype
        if id(place) not in placed:  # one tensor under two names stays one
            # A copy even where it fits already: what is read from the disk as it is used must not stay there.
            placed[id(place)] = state.pop(name).to(device, kind, copy=True)
        filled[name] = placed[id(place)]
    model.load_state_dict(filled, strict=True, assign=True)


def _is_folded(visual: Any) -> bool:
    """Whether timm has a form of this tower with fewer operations (``timm.models.reparameterize_model``)."""
    ways = ("fuse", "reparameterize", "switch_to_deploy")
    return hasattr(visual, "trunk") and any(
        hasattr(module, way) for module in visual.modules() for way in ways
    )


def _fold(visual: Any) -> None:
    """The same function in fewer operations: convolutions take in the batch norms behind them."""
    from timm.models import reparameterize_model

    reparameterize_model(visual, inplace=True)


def _put_channels_last(visual: Any) -> None:
    """Have a tower's convolutions keep their weights with the channels last, where it has more than one.

    One alone only cuts the picture into patches. It makes them compute in that order whatever they are given. In
    bfloat16 on a processor, a ResNet-50 does 1.2 times the pictures a second; TinyViT at 160 pixels, folded too, 1.5.
    """
    import torch

    if sum(isinstance(module, torch.nn.Conv2d) for module in visual.modules()) > 1:
        visual.to(memory_format=torch.channels_last)
