"""Built-in embedder: colour names and layout features without a neural network, used if no model is available."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from imagefinder.domain.model_names import BUILTIN, BUILTIN_ID
from imagefinder.embedders.colour.colour_space import NAMES, name_shares
from imagefinder.embedders.colour.colour_words import other_words, shade_vector, shades_of
from imagefinder.embedders.colour.layout_features import LAYOUT_SIZE, SHAPE_SIZE, colour_layout, edge_shape
from imagefinder.embedders.embedder import Embedder, FloatArray, Prepared
from imagefinder.translation import tr_later

if TYPE_CHECKING:
    from PIL import Image

# Contribution of each block to a cosine. Precision@5 by class on 1,851 pictures of 47 classes of Caltech-101 (chance
# is 0.02): colours alone 0.16, layout alone 0.22, edges alone 0.42, these weights 0.42. Caltech's centred objects
# gain little from colour, but users also look for their photographs by colour.
_COLOUR_WEIGHT, _LAYOUT_WEIGHT, _SHAPE_WEIGHT = 0.15, 0.15, 0.70
_COLOURS = slice(0, len(NAMES))
# Two more dimensions: the rest that a picture lacks to unit length (a picture without edges), and "no meaning".
_REST, _NOTHING = -2, -1
# Shares of colours in everyday photographs (83 of MS COCO), which are far from even. If a query names several
# colours, each is weighted by its rarity, so that a picture with all of them ranks above one that is mostly grey.
_COMMON = {"grey": 0.3, "black": 0.13, "brown": 0.15, "white": 0.1, "green": 0.08, "beige": 0.05}
_RARE = 0.03


class BuiltinEmbedder(Embedder):
    """Embedder whose vectors have three blocks: shares of colour names, colours on a grid, and edges on a grid.

    The colour block contains the square root of each share (Hellinger), which has unit length by itself. Its
    dot product with the direction of a colour increases with that colour's share of a picture, and the sum
    over several colours is largest for a picture that contains all of them.
    """

    name: str = BUILTIN
    description: ClassVar[str] = tr_later(
        "knows colours and layout; for words beyond colours, file names and the text of pages are searched",
        "a model",
    )
    """English description. Translate it with ``translated(..., "a model")`` to show it."""

    def __init__(self) -> None:
        self.id = BUILTIN_ID
        self.dimension = len(NAMES) + LAYOUT_SIZE + SHAPE_SIZE + 2
        self.image_side = 96

    @property
    def device(self) -> str:
        return "cpu"

    @property
    def batch_size(self) -> int:
        return 32

    def prepare(self, image: "Image.Image") -> FloatArray:
        """Compute the picture's vector, (dimension,) float32. Cheap enough for the decoding threads."""
        import numpy as np
        from PIL import Image

        side = self.image_side
        small = image.convert("RGB").resize((side, side), Image.Resampling.BOX, reducing_gap=2.0)
        pixels = np.asarray(small, np.float32) / np.float32(255)
        colours = np.asarray(small.reduce(2)).reshape(-1, 3)
        vector = np.zeros(self.dimension, np.float32)
        vector[:_REST] = np.concatenate(
            [
                np.sqrt(_COLOUR_WEIGHT * name_shares(colours)),
                np.sqrt(_LAYOUT_WEIGHT) * colour_layout(pixels),
                np.sqrt(_SHAPE_WEIGHT) * edge_shape(pixels),
            ]
        )
        vector[_REST] = np.sqrt(max(0.0, 1.0 - float(vector @ vector)))
        return vector

    def encode_images(self, prepared: Sequence[Prepared]) -> FloatArray:
        """Stack the vectors computed by ``prepare``."""
        import numpy as np

        if not prepared:
            return np.empty((0, self.dimension), np.float32)
        rows = np.stack(prepared)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Embed the colours that texts name. A text without colours is orthogonal to every picture."""
        import numpy as np

        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            shades = shades_of(text)
            if shades:
                colours = np.sum([shade_vector(shade) / _usual_root(shade) for shade in shades], axis=0)
                vector[_COLOURS] = colours / np.linalg.norm(colours)
            else:
                vector[_NOTHING] = 1
        return vectors

    def understands(self, text: str) -> bool:
        """Return whether the text names a colour."""
        return bool(shades_of(text))

    def unknown_words(self, text: str) -> list[str]:
        """Return all words that are not colour names."""
        return other_words(text)


def _usual_root(shade: str) -> float:
    return math.sqrt(_COMMON.get(shade, _RARE))
