"""Variant of the program for small libraries.

It uses small batches, HNSW from few vectors on, and models that load at once. Run by the campaigns:
``python small_program.py ARGUMENTS`` corresponds to ``imagefinder ARGUMENTS``.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

BATCH = 8
HNSW_FROM = 20
"""Number of vectors. The program's own limit is much higher."""


def shrink() -> None:
    """Turn this process into the small program."""
    from imagefinder.embedders import model_registry
    from imagefinder.embedders.colour.builtin import BuiltinEmbedder
    from imagefinder.vectors import index_registry as vectors

    class SecondEmbedder(BuiltinEmbedder):
        """Embedder with other vectors of the same pictures, for model switches."""

        name = "second"

        def __init__(self) -> None:
            super().__init__()
            self.id = "second:1"

        def encode_images(self, prepared: Sequence[Any]) -> Any:
            return super().encode_images([each**2 for each in prepared])

    def create(name: str, *arguments: Any) -> Any:
        if name == "fake":  # used by the stored libraries of earlier versions
            sys.path.append(str(Path(__file__).resolve().parents[1]))
            from helpers.fakes import FakeEmbedder

            return FakeEmbedder()
        return SecondEmbedder() if name == SecondEmbedder.name else real(name, *arguments)

    real = model_registry.create
    model_registry.create = create  # type: ignore[assignment]
    BuiltinEmbedder.batch_size = BATCH  # type: ignore[assignment,method-assign]
    vectors.EXACT_LIMIT = vectors._EXACT_LIMIT_DOWN = HNSW_FROM


if __name__ == "__main__":
    shrink()
    from imagefinder.__main__ import main

    sys.exit(main())
