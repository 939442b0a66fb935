"""CLIP models of open_clip, the starter model among them. The only module that imports torch, when first needed."""

import logging
import pickle
import threading
from collections.abc import Sequence
from copy import deepcopy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from imagefinder.embedders import tiny_vit
from imagefinder.embedders.base import Embedder, FloatArray
from imagefinder.embedders.processor import has_native_bfloat16
from imagefinder.embedders.spec import ClipSpec, JsonDict
from imagefinder.embedders.state_dict import misfits, separate, unwrapped
from imagefinder.embedders.tokenizer import local_text_config
from imagefinder.embedders.torchvision_ops import import_torchvision
from imagefinder.embedders.weights_file import WeightsKind, sha256, weights_kind
from imagefinder.model.errors import DeviceError, ModelError
from imagefinder.translation import tr

if TYPE_CHECKING:
    import torch

    State = dict[str, torch.Tensor]

_log = logging.getLogger(__name__)

# Beyond this ratio of sides, only the middle is resized: a 1 x 5000 picture would become 256 x 1,280,000.
_LONGEST_ASPECT = 16
# Entries of OpenAI's TorchScript archives that are facts about the model, not weights.
_OPENAI_FACTS = ("input_resolution", "context_length", "vocab_size")


class OpenClipEmbedder(Embedder):
    """Any open_clip model. Cheap to make; torch and the weights are loaded when it first works."""

    def __init__(self, spec: ClipSpec, device: str = "auto") -> None:
        """``device``: ``auto``, ``cpu``, ``cuda`` or ``mps``; whether it is there shows at first use."""
        self.name = spec.name
        self.id = spec.id
        self.dimension = spec.dimension
        self.image_side = spec.image_side
        self._spec = spec
        self._wanted_device = device
        self._lock = threading.RLock()

    @cached_property  # asking imports torch, so it cannot be a plain attribute
    def device(self) -> str:
        """What it computes on, such as ``cpu (bfloat16)``.

        Raises:
            DeviceError: the device asked for is not on this machine; the message names those that are.
        """
        device, dtype = self._placement
        return f"{device.type} ({str(dtype).removeprefix('torch.')})"

    @cached_property
    def batch_size(self) -> int:
        """A processor gains nothing beyond a few pictures at a time; a graphics card wants many."""
        return 16 if self._placement[0].type == "cpu" else 64

    def prepare(self, image: Image.Image) -> FloatArray:
        """The model's own preprocessing, as open_clip does it: (3, height, width) float32, normalised."""
        squash = self._spec.preprocess_cfg["resize_mode"] == "squash"
        shown = image if squash else _without_extreme_length(image)
        pixels: FloatArray = self._transform(shown).numpy()
        return pixels

    def encode_images(self, prepared: Sequence[FloatArray]) -> FloatArray:
        """Embed pictures.

        Raises:
            ModelError: the weights cannot be loaded, or the model gives numbers that are none.
            DeviceError: the device asked for is not on this machine.
        """
        if not prepared:
            return np.empty((0, self.dimension), np.float32)
        import torch

        device, dtype = self._placement
        with torch.inference_mode():
            batch = torch.from_numpy(np.stack(prepared)).to(device, dtype)
            return self._unit_rows(self._model.encode_image(batch))

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Embed texts; what is longer than the model's context is cut.

        Raises:
            ModelError: as for pictures, or the model's tokenizer is not on this machine.
            DeviceError: the device asked for is not on this machine.
        """
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        tokenizer = self._tokenizer
        import torch

        with torch.inference_mode():
            tokens = tokenizer(list(texts)).to(self._placement[0])
            return self._unit_rows(self._model.encode_text(tokens))

    def understands(self, text: str) -> bool:
        """Whether the model was taught the script of the text; one taught many languages always tries."""
        letters = [character for character in text if character.isalpha()]
        return not self._spec.is_english or not letters or any(letter.isascii() for letter in letters)

    @property
    def is_loaded(self) -> bool:
        """Whether the weights are in memory."""
        return "_loaded_model" in self.__dict__

    def close(self) -> None:
        """Let go of the weights."""
        with self._lock:
            loaded = self.__dict__.pop("_loaded_model", None) is not None
        if loaded and self._placement[0].type == "cuda":
            import torch

            torch.cuda.empty_cache()

    @cached_property
    def _placement(self) -> "tuple[torch.device, torch.dtype]":
        return _choose_device(self._wanted_device)

    @property
    def _model(self) -> Any:
        with self._lock:
            return self._loaded_model

    @cached_property
    def _loaded_model(self) -> Any:
        spec, (device, dtype) = self._spec, self._placement
        _log.info("loading %s from %s", spec.name, spec.weights)
        if spec.sha256 and not sha256(spec.weights).startswith(spec.sha256):
            raise ModelError(
                tr("{path} is damaged: its checksum is wrong. Delete it and get it again.", path=spec.weights)
            )
        model = _build(spec.model_cfg)
        _fill(model, read_weights(spec.weights, trusted=bool(spec.sha256)), spec.arch, resize=spec.published)
        _make_fast(model)
        return model.to(device=device, dtype=dtype)

    @property
    def _transform(self) -> Any:
        with self._lock:
            return self._loaded_transform

    @cached_property
    def _loaded_transform(self) -> Any:
        _import_open_clip()
        from open_clip.transform import PreprocessCfg, image_transform_v2

        return image_transform_v2(PreprocessCfg(**self._spec.preprocess_cfg), is_train=False)

    @property
    def _tokenizer(self) -> Any:
        with self._lock:
            return self._loaded_tokenizer

    @cached_property
    def _loaded_tokenizer(self) -> Any:
        _import_open_clip()
        from open_clip.tokenizer import DEFAULT_CONTEXT_LENGTH, HFTokenizer, SimpleTokenizer

        config = local_text_config(self._spec.model_cfg["text_cfg"])
        context_length = config.get("context_length", DEFAULT_CONTEXT_LENGTH)
        extras = config.get("tokenizer_kwargs") or {}
        if "hf_tokenizer_name" not in config:
            return SimpleTokenizer(context_length=context_length, **extras)
        return HFTokenizer(
            config["hf_tokenizer_name"],
            context_length=context_length,
            tokenizer_mode=config.get("tokenizer_mode"),
            local_files_only=True,
            **extras,
        )

    def _unit_rows(self, embeddings: "torch.Tensor") -> FloatArray:
        """Normalised in float32: bfloat16 has 8 bits of mantissa, too few for a unit length."""
        rows: FloatArray = embeddings.float().cpu().numpy()
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        if not np.all(np.isfinite(lengths)) or not np.all(lengths > 0):
            raise ModelError(
                tr(
                    "The model {model} gives no usable numbers on {device}. Its weights may be damaged; if "
                    "not, try another device.",
                    model=self.name,
                    device=self.device,
                )
            )
        return np.asarray(rows / lengths, np.float32)


def read_weights(path: Path, trusted: bool = False) -> "State":
    """Read a state dict, running nothing that the file brings along.

    Tensors stay on disk until used where the format allows it. ``trusted``: the file's checksum is a
    published one, so TorchScript may be loaded.

    Raises:
        ModelError: it is not a weights file, is damaged, or wants to run code.
    """
    kind = weights_kind(path)
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    content: Any
    try:
        if kind is WeightsKind.SAFETENSORS:
            content = load_file(path)
        elif kind is not WeightsKind.TORCHSCRIPT:
            content = torch.load(
                path, map_location="cpu", weights_only=True, mmap=kind is WeightsKind.TORCH_ZIP
            )
        elif trusted:
            content = torch.jit.load(path, map_location="cpu").state_dict()  # type: ignore[no-untyped-call]
            content = {name: value for name, value in content.items() if name not in _OPENAI_FACTS}
        else:
            raise ModelError(
                tr(
                    "{path} is a TorchScript archive, which is a program, not only weights; it is refused. "
                    "Get the model as a .safetensors file.",
                    path=path,
                )
            )
    except pickle.UnpicklingError as error:
        raise ModelError(
            tr(
                "{path} holds more than weights, and loading it could run a program hidden in it, so it is "
                "refused. Get the model as a .safetensors file.",
                path=path,
            )
        ) from error
    except (SafetensorError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise ModelError(tr("{path} is damaged or not whole. Get it again.", path=path)) from error
    return unwrapped(content, path)


def convert_weights(source: Path, spec: ClipSpec, trusted: bool = False) -> None:
    """Write a file's weights to ``spec.weights`` as safetensors, and prove that the copy works.

    Raises:
        ModelError: they cannot be read, do not fit ``spec``, or give no usable embeddings.
        OSError: they cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file(separate(read_weights(source, trusted)), spec.weights, metadata={"format": "pt"})
    except SafetensorError as error:  # how safetensors reports a full disk
        raise OSError(str(error)) from error
    trial = OpenClipEmbedder(spec, device="cpu")
    trial.encode_images([trial.prepare(Image.new("RGB", (64, 48), (90, 120, 60)))])
    trial.encode_texts(["a photo"])


def _import_open_clip() -> None:
    """Import open_clip, past a torchvision that does not fit.

    Raises:
        ModelError: a library is missing or broken.
    """
    try:
        import_torchvision()
        import open_clip  # noqa: F401 - imported here so that a failure has its sentence
    except ImportError as error:
        raise ModelError(
            tr("The libraries for CLIP models cannot be loaded: {reason}.", reason=error)
        ) from error


def devices_here() -> tuple[str, ...]:
    """The devices of this machine, the fastest last. Imports torch."""
    import torch

    there = ["cpu"]
    if torch.backends.mps.is_available():
        there.append("mps")
    if torch.cuda.is_available():
        there.append("cuda")
    return tuple(there)


def _choose_device(wanted: str) -> "tuple[torch.device, torch.dtype]":
    import torch

    there = devices_here()
    name = there[-1] if wanted == "auto" else wanted
    if name not in there:
        raise DeviceError(
            tr(
                "There is no device “{device}” here. This machine has: {devices}.",
                device=wanted,
                devices=", ".join(there),
            )
        )
    if name == "cuda":
        dtype = torch.float16
    elif name == "cpu" and has_native_bfloat16():
        # The whole model, not autocast: autocast converts the weights again in every call.
        dtype = torch.bfloat16
    else:
        dtype = torch.float32
    return torch.device(name), dtype


def _build(model_cfg: JsonDict) -> Any:
    """A model with random weights, as ``open_clip.create_model`` would choose its class.

    Not ``create_model`` itself: that takes a custom config only through a registry of the whole process or a
    folder on disk, sets up logging, and downloads parts of some models.
    """
    _import_open_clip()
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
        model = kind(**config)
    except Exception as error:  # a config made by hand can fail anywhere in the model's construction
        raise ModelError(
            tr("open_clip cannot build a model from this config: {reason}.", reason=error)
        ) from error
    return model.eval().requires_grad_(False)


def _make_fast(model: Any) -> None:
    """The same function in fewer operations, for an image tower of timm's.

    Its convolutions take in the batch norms behind them, and keep their weights with the channels last, which makes
    them compute in that order whatever they are given. TinyViT at 160 pixels in bfloat16: 1.5 times the pictures a
    second.
    """
    if not hasattr(model.visual, "trunk"):
        return
    import torch
    from timm.models import reparameterize_model

    reparameterize_model(model.visual, inplace=True)
    model.visual.to(memory_format=torch.channels_last)


def _fill(model: Any, state: "State", arch: str, resize: bool = False) -> None:
    """Put weights into a model, all of them or none.

    ``resize``: let open_clip interpolate position embeddings, as it does for its own pairs of weights and
    architecture; a file from elsewhere that would need it was made for another architecture.
    """
    from open_clip.convert import convert_state_dict
    from open_clip.model import convert_to_custom_text_state_dict, resize_pos_embed, resize_text_pos_embed

    state = convert_state_dict(model, state)
    if "positional_embedding" in state and not hasattr(model, "positional_embedding"):
        state = convert_to_custom_text_state_dict(state)
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
    model.load_state_dict(state, strict=True)


def _without_extreme_length(image: Image.Image) -> Image.Image:
    """The middle of a picture far longer than wide; any other picture as it is."""
    width, height = image.size
    longest = min(image.size) * _LONGEST_ASPECT
    if max(image.size) <= longest:
        return image
    if width > height:
        left = (width - longest) // 2
        return image.crop((left, 0, left + longest, height))
    top = (height - longest) // 2
    return image.crop((0, top, width, top + longest))
