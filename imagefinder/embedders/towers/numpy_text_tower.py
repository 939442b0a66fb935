"""CLIP's text tower in NumPy, so that searches by words need not wait for the import of torch.

It implements the transformer of Radford et al. 2021 (arXiv:2103.00020, 2.4; open_clip/transformer.py,
``TextTransformer``) in float32. Under a causal mask a token depends only on the ones before it, so everything
after a text's end token is omitted: a sentence takes nine tokens instead of 77.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from imagefinder.embedders.embedder import FloatArray
from imagefinder.embedders.spec import ClipSpec, JsonDict
from imagefinder.embedders.towers.clip_vocabulary import END, VOCABULARY_SIZE, ClipVocabulary
from imagefinder.embedders.weights.mapped_weights import MappedTensor, mapped_tensors
from imagefinder.embedders.weights.weights_file import WeightsKind, weights_kind

# Supported keys of open_clip's CLIPTextCfg with their supported values. An empty tuple allows any value.
_FOLLOWED: dict[str, tuple[object, ...]] = {
    "context_length": (),
    "vocab_size": (VOCABULARY_SIZE,),
    "width": (),
    "heads": (),
    "layers": (),
    "mlp_ratio": (),
    "no_causal_mask": (),
    "pool_type": ("argmax",),
    "proj_type": ("linear",),
    "norm_kwargs": (None, {}),
    "act_kwargs": (None, {}),
    "output_tokens": (),
    "embed_cls": (False,),
    "pad_id": (),  # these two affect only unsupported kinds of towers
    "eos_id": (),
    "hf_model_name": (None, ""),
    "hf_tokenizer_name": (None, ""),
}
_EPSILON = np.float32(1e-5)  # torch.nn.LayerNorm's
_TEXTS_AT_ONCE = 32

_Activation = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class _Affine:
    """``x @ weight.T + bias`` with the weight of shape (outer, inner), as PyTorch stores it."""

    weight: FloatArray
    bias: FloatArray

    def __call__(self, x: FloatArray) -> FloatArray:
        # A single matrix product, because NumPy multiplies a stack of matrices one by one. The weight comes first,
        # because OpenBLAS is a quarter slower if it has to transpose the larger matrix.
        flat = np.ascontiguousarray((self.weight @ x.reshape(-1, x.shape[-1]).T).T)
        flat += self.bias
        return flat.reshape(*x.shape[:-1], -1)


@dataclass(frozen=True)
class _Norm:
    weight: FloatArray
    bias: FloatArray

    def __call__(self, x: FloatArray) -> FloatArray:
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = np.mean(centred * centred, axis=-1, keepdims=True)
        normed: FloatArray = centred / np.sqrt(variance + _EPSILON) * self.weight + self.bias
        return normed


@dataclass(frozen=True)
class _Block:
    norm_1: _Norm
    projections: _Affine
    """Query, key and value, concatenated."""
    output: _Affine
    norm_2: _Norm
    up: _Affine
    down: _Affine


class NumpyTextTower:
    """Text tower of one CLIP model. Thread-safe."""

    def __init__(self, spec: ClipSpec, tensors: dict[str, MappedTensor]) -> None:
        """Create the tower from tensors with open_clip's names. Others are ignored.

        Raises:
            LookupError, ValueError: The tensors do not belong to this model.
        """
        text_cfg = spec.model_cfg["text_cfg"]
        prefix = "text." if "text.positional_embedding" in tensors else ""
        weights = _Weights(tensors, prefix)
        width = int(text_cfg.get("width", 512))
        self._heads = int(text_cfg.get("heads", 8))
        self._length = int(text_cfg.get("context_length", 77))
        self._is_causal = not text_cfg.get("no_causal_mask", False)
        self._activation: _Activation = _quick_gelu if spec.model_cfg.get("quick_gelu") else _gelu
        self._embedding = weights.tensor("token_embedding.weight", VOCABULARY_SIZE, width)
        self._positions = weights.array("positional_embedding", self._length, width)
        hidden = int(width * text_cfg.get("mlp_ratio", 4.0))
        self._blocks = [weights.block(number, width, hidden) for number in range(text_cfg.get("layers", 12))]
        self._norm = weights.norm("ln_final", width)
        self._projection = weights.array("text_projection", width, spec.dimension)
        self._vocabulary = ClipVocabulary()

    def fits(self, text: str) -> bool:
        """Return whether ``encode`` reads the whole text. Longer texts are truncated."""
        return self._vocabulary.fits(text, self._length)

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Embed texts: (n, dimension) float32, not normalised."""
        tokens = self._vocabulary(texts, self._length)
        rows = np.empty((len(texts), self._projection.shape[1]), np.float32)
        by_length = sorted(range(len(texts)), key=lambda at: len(tokens[at]))
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            some = by_length[start : start + _TEXTS_AT_ONCE]
            rows[some] = self._encode([tokens[at] for at in some])
        return rows

    def _encode(self, tokens: list[list[int]]) -> FloatArray:
        length = max(map(len, tokens)) if self._is_causal else self._length
        ends = np.array([some.index(END) for some in tokens])  # the first, as texts may contain it
        padded = np.array([some + [0] * (length - len(some)) for some in tokens])
        x = self._embedding.rows(padded) + self._positions[:length]
        mask = np.triu(np.full((length, length), -np.inf, np.float32), 1) if self._is_causal else None
        for block in self._blocks:
            x += block.output(self._attended(block.projections(block.norm_1(x)), mask))
            x += block.down(self._activation(block.up(block.norm_2(x))))
        pooled: FloatArray = self._norm(x[np.arange(len(tokens)), ends]) @ self._projection
        return pooled

    def _attended(self, projected: FloatArray, mask: FloatArray | None) -> FloatArray:
        """Scaled dot-product attention: (n, length, 3 x width) to (n, length, width)."""
        count, length, three = projected.shape
        width = three // 3
        parts = projected.reshape(count, length, 3, self._heads, width // self._heads)
        query, key, value = parts.transpose(2, 0, 3, 1, 4)
        scores = query @ key.transpose(0, 1, 3, 2)
        scores *= np.float32((width // self._heads) ** -0.5)
        if mask is not None:
            scores += mask
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        together: FloatArray = (scores @ value).transpose(0, 2, 1, 3).reshape(count, length, width)
        return together


class _Weights:
    """Tensors by open_clip's names, with shapes checked on access."""

    def __init__(self, tensors: dict[str, MappedTensor], prefix: str) -> None:
        self._tensors = tensors
        self._prefix = prefix

    def tensor(self, name: str, *shape: int) -> MappedTensor:
        tensor = self._tensors[self._prefix + name]
        if tensor.shape != shape:
            raise ValueError(f"{name} is {tensor.shape} in place of {shape}")
        return tensor

    def array(self, name: str, *shape: int) -> FloatArray:
        return self.tensor(name, *shape).float32()

    def norm(self, name: str, width: int) -> _Norm:
        return _Norm(self.array(f"{name}.weight", width), self.array(f"{name}.bias", width))

    def affine(self, weight: str, bias: str, inner: int, outer: int) -> _Affine:
        return _Affine(self.array(weight, outer, inner), self.array(bias, outer))

    def block(self, number: int, width: int, hidden: int) -> _Block:
        at = f"transformer.resblocks.{number}"
        return _Block(
            norm_1=self.norm(f"{at}.ln_1", width),
            projections=self.affine(f"{at}.attn.in_proj_weight", f"{at}.attn.in_proj_bias", width, 3 * width),
            output=self.affine(f"{at}.attn.out_proj.weight", f"{at}.attn.out_proj.bias", width, width),
            norm_2=self.norm(f"{at}.ln_2", width),
            up=self.affine(f"{at}.mlp.c_fc.weight", f"{at}.mlp.c_fc.bias", width, hidden),
            down=self.affine(f"{at}.mlp.c_proj.weight", f"{at}.mlp.c_proj.bias", hidden, width),
        )


def numpy_text_tower(spec: ClipSpec) -> NumpyTextTower | None:
    """Return the text tower of a model, or None if it is not supported here.

    Supported are plain towers with weights in ``.safetensors``. Others, and files that do not fit, are left
    to open_clip.

    Raises:
        ModelError: There are no weights, or the package with the vocabulary is missing.
    """
    if not _is_followed(spec.model_cfg) or weights_kind(spec.weights) is not WeightsKind.SAFETENSORS:
        return None
    try:
        return NumpyTextTower(spec, mapped_tensors(spec.weights))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _is_followed(model_cfg: JsonDict) -> bool:
    for key, value in model_cfg["text_cfg"].items():
        if key not in _FOLLOWED or (_FOLLOWED[key] and value not in _FOLLOWED[key]):
            return False
    return "multimodal_cfg" not in model_cfg


def _quick_gelu(x: FloatArray) -> FloatArray:
    """OpenAI's approximation of GELU: x times the sigmoid of 1.702 x."""
    activated: FloatArray = x / (1 + np.exp(np.float32(-1.702) * x))
    return activated


def _gelu(x: FloatArray) -> FloatArray:
    """GELU: x times the cumulative standard normal distribution at x."""
    activated: FloatArray = x * np.float32(0.5) * (1 + _erf(x * np.float32(0.5**0.5)))
    return activated


def _erf(x: FloatArray) -> FloatArray:
    """Error function by Abramowitz and Stegun 7.1.26. The error is at most 1.5e-7, about float32's precision."""
    size = np.abs(x)
    t = 1 / (1 + np.float32(0.3275911) * size)
    terms = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
    total = np.zeros_like(t)
    for term in terms:
        total += np.float32(term)
        total *= t
    return np.asarray(np.copysign(1 - total * np.exp(-size * size), x), np.float32)
