"""Loading one tower of a CLIP model without the other, so that texts can be embedded before pictures."""

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
    """Half of a CLIP model."""

    TEXT = auto()
    IMAGE = auto()


def load_tower(spec: ClipSpec, tower: Tower, device: "torch.device", dtype: "torch.dtype") -> Any:
    """Load one tower with its weights: open_clip's model without the parts of the other tower.

    The whole model is built without initialising it, which takes neither memory nor reading, and all names
    and shapes are compared. A file that does not fit is therefore refused for either tower. In formats that
    are read on demand (safetensors, PyTorch's zip), only the weights of this tower are read. Each is
    converted at once, so there is no second copy in memory.

    Raises:
        ModelError: The model cannot be built, or its weights cannot be read or do not fit.
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
    return model.to(device=device, dtype=dtype)  # buffers that are not in the file, such as an attention mask


def import_open_clip() -> None:
    """Import open_clip, working around a torchvision that does not fit.

    Raises:
        ModelError: A library is missing or broken.
    """
    try:
        try:
            with without_compiler():
                _import_it()
        except (ImportError, AttributeError):  # a version that needs more of the compiler, or another error
            _import_it()
    except ImportError as error:
        raise ModelError(
            tr("The libraries for CLIP models cannot be loaded: {reason}.", reason=error)
        ) from error


def _import_it() -> None:
    import_torchvision()
    import timm  # noqa: F401 - open_clip would hide a failure

    with without_transformers():
        import open_clip  # noqa: F401 - imported here to report a failure


def build(model_cfg: JsonDict) -> Any:
    """Create a model of the class that ``open_clip.create_model`` would choose, with uninitialised weights.

    ``create_model`` itself is not used: it accepts custom configs only from a process-wide registry or a
    folder on disk, configures logging, and downloads parts of some models.

    Raises:
        ModelError: A library is missing, or the config is invalid.
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
    except Exception as error:  # a custom config can raise anything while the model is built
        raise ModelError(
            tr("open_clip cannot build a model from this config: {reason}.", reason=error)
        ) from error
    return model.eval().requires_grad_(False)


def fitting(model: Any, state: "State", arch: str, resize: bool = False) -> "State":
    """Return the weights under the model's own names, after checking that they are complete and fit.

    Args:
        model: The model.
        state: The weights.
        arch: Name of the architecture, for messages.
        resize: Whether open_clip may interpolate position embeddings, as it does for its own pairs of weights
            and architecture. A file from elsewhere that needs it was made for another architecture.

    Raises:
        ModelError: The weights do not fit. The message names one that does not.
    """
    from open_clip.convert import convert_state_dict
    from open_clip.model import convert_to_custom_text_state_dict, resize_pos_embed, resize_text_pos_embed

    try:
        state = convert_state_dict(model, state)
        if "positional_embedding" in state and not hasattr(model, "positional_embedding"):
            state = convert_to_custom_text_state_dict(state)
    except Exception as error:  # partly convertible weights can raise anything
        raise ModelError(
            tr("The weights do not fit the architecture {arch}: {what}.", arch=arch, what=error)
        ) from error
    # transformers before 4.31 stored this constant.
    state.pop("text.transformer.embeddings.position_ids", None)
    wanted = model.state_dict()
    for scalar in (
        "logit_scale",
        "logit_bias",
    ):  # () or (1,), depending on the version that saved it; not used here
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
    """Context manager in which this thread creates modules without drawing random weights.

    Memory that is allocated but never written costs nothing. Values that a module computes for itself (an
    attention mask, indices) are still computed.
    """
    import torch
    from torch.nn import init

    drawing = {
        init.kaiming_uniform_,
        init.normal_,
        init.uniform_,
        # Called by functions of init without their own hook, and by timm's: xavier_uniform_, trunc_normal_.
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
    """Delete a tower's modules and weights from a model. The other tower's results do not change."""
    for name in [*model._modules, *model._parameters, *model._buffers]:
        # CoCa's text_decoder generates captions, which this program does not use.
        if (name in ("visual", "text_decoder")) if tower is Tower.IMAGE else (name != "visual"):
            delattr(model, name)


def _fill(model: Any, state: "State", device: "torch.device | str", dtype: "torch.dtype | None") -> None:
    """Load weights into a model one by one, as ``dtype`` (None: the model's own) on ``device``.

    Loaded weights are removed from ``state``, so that they need not stay in memory.
    """
    placed: dict[int, torch.Tensor] = {}
    filled = {}
    for name, place in model.state_dict(keep_vars=True).items():
        kind = dtype if dtype and place.is_floating_point() else place.dtype
        if id(place) not in placed:  # tensors shared under two names stay shared
            # Always copied, because memory-mapped data must not be kept.
            placed[id(place)] = state.pop(name).to(device, kind, copy=True)
        filled[name] = placed[id(place)]
    model.load_state_dict(filled, strict=True, assign=True)


def _is_folded(visual: Any) -> bool:
    """Return whether timm's ``reparameterize_model`` can reduce the operations of this tower."""
    ways = ("fuse", "reparameterize", "switch_to_deploy")
    return hasattr(visual, "trunk") and any(
        hasattr(module, way) for module in visual.modules() for way in ways
    )


def _fold(visual: Any) -> None:
    """Reduce a tower's operations without changing its function, by folding batch norms into convolutions."""
    from timm.models import reparameterize_model

    reparameterize_model(visual, inplace=True)


def _put_channels_last(visual: Any) -> None:
    """Store the weights of a tower's convolutions with channels last, if it has more than one.

    A single convolution only splits the picture into patches. The convolutions then compute in that memory
    format whatever the input's. In bfloat16 on a processor, a ResNet-50 embeds 1.2 times as many pictures a
    second; TinyViT at 160 pixels, folded too, 1.5 times.
    """
    import torch

    if sum(isinstance(module, torch.nn.Conv2d) for module in visual.modules()) > 1:
        visual.to(memory_format=torch.channels_last)
