"""Data for both programs in ``side_by_side.py``: one model's weights, and libraries filled without embedding.

These functions run in separate processes (``processes.apart``).
"""

import importlib.util
import os
import sys
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from material import ARCHITECTURE
from vector_search import mixture

from imagefinder.domain.items import FileStat, ItemKind, PartFacts
from imagefinder.domain.sources import SourceKind, SourceOptions
from imagefinder.embedders import model_registry
from imagefinder.embedders.towers.torchvision_ops import import_torchvision
from imagefinder.engine.search.calibration import Calibration
from imagefinder.paths import default_places
from imagefinder.store.store import Store

_FILES_A_FOLDER = 500
_FILES_A_COMMIT = 1000


def export_towers(weights: Path, folder: Path, onnx: Path | None) -> None:
    """Write both towers of a checkpoint as ``visual.onnx`` and ``textual.onnx``, float32, for any batch size.

    Inputs are float32 (n, 3, side, side) and int64 (n, 77), outputs (n, dimension), as rclip expects them
    (``rclip/model.py``); rclip normalises the vectors itself.

    Args:
        weights: The weights file of the checkpoint.
        folder: The folder to create.
        onnx: A folder with the package ``onnx``, which torch's exporter needs; None if it is installed.
    """
    if onnx is not None:
        sys.path.append(str(onnx))  # at the end, so that this environment's numpy takes precedence
    import_torchvision()
    import open_clip
    import torch
    from safetensors.torch import load_file

    model = open_clip.create_model(ARCHITECTURE)
    model.load_state_dict(load_file(weights))
    model.eval()
    side = model.visual.image_size[0]
    torch.backends.mha.set_fastpath_enabled(
        False
    )  # the fast path is a fused operator that ONNX does not have

    class Tower(torch.nn.Module):
        def __init__(self, encode: str) -> None:
            super().__init__()
            self.model, self.encode = model, encode

        def forward(self, given: torch.Tensor) -> torch.Tensor:
            vectors: torch.Tensor = getattr(self.model, self.encode)(given)
            return vectors

    examples = {
        "visual": ("encode_image", torch.zeros(2, 3, side, side)),
        "textual": ("encode_text", torch.ones(2, model.context_length, dtype=torch.int64)),
    }
    folder.mkdir()
    warnings.simplefilter(
        "ignore"
    )  # about the deprecated exporter, and about negative indices, which do not occur here
    with torch.no_grad():
        for name, (encode, example) in examples.items():
            torch.onnx.export(
                Tower(encode),
                (example,),
                folder / f"{name}.onnx",
                dynamo=False,
                opset_version=17,
                input_names=["input"],
                output_names=["output"],
                dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}},
            )


def vocabulary() -> Path:
    """Return CLIP's byte pair encoding file, as shipped with open_clip."""
    spec = importlib.util.find_spec("open_clip")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).with_name("bpe_simple_vocab_16e6.txt.gz")


def made_up_rows(target: Path, root: Path, count: int) -> None:
    """Write rows of ``count`` nonexistent photographs below ``root``, with vectors that resemble CLIP's."""
    paths = [str(root / f"{n // _FILES_A_FOLDER:04}" / f"IMG_{n:06}.jpg") for n in range(count)]
    sizes = 3_000_000 + np.arange(count)
    times = 1_600_000_000_000_000_000 + np.arange(count) * 1_000_000_000
    _write_rows(target, paths, sizes, times, times / 1e9)


def rows_of(target: Path, tree: Path) -> None:
    """Write rows of the files below ``tree`` as they are on disk, with synthetic vectors."""
    found = sorted(path for path in tree.rglob("*") if path.is_file())
    stats = [path.stat() for path in found]
    _write_rows(
        target,
        [str(path) for path in found],
        np.array([stat.st_size for stat in stats]),
        np.array([stat.st_mtime_ns for stat in stats]),
        np.array([stat.st_mtime for stat in stats]),
    )


def _write_rows(
    target: Path, paths: list[str], sizes: np.ndarray, mtimes_ns: np.ndarray, mtimes: np.ndarray
) -> None:
    vectors, _ = mixture(len(paths), 0)
    with target.open("wb") as file:
        np.savez(file, paths=paths, sizes=sizes, mtimes_ns=mtimes_ns, mtimes=mtimes, vectors=vectors)


def fill_library(folder: Path, model: str, root: Path, rows: Path) -> None:
    """Create a library as if these rows had been indexed with ``model``; ``root`` is its only source."""
    embedder = model_registry.create(model, "cpu", default_places().models)
    loaded = np.load(rows)
    folder.mkdir(parents=True)
    store = Store(folder / "library.db")
    store.models.in_use = model
    source = store.sources.add(root, SourceKind.FOLDER, SourceOptions())
    record = store.embeddings.register(embedder.id, embedder.dimension)
    paths, vectors = loaded["paths"].tolist(), loaded["vectors"]
    sizes, times = loaded["sizes"].tolist(), loaded["mtimes_ns"].tolist()
    facts = PartFacts(ItemKind.PICTURE, 4032, 3024)
    for start in range(0, len(paths), _FILES_A_COMMIT):
        numbers = range(start, min(len(paths), start + _FILES_A_COMMIT))
        with store.transaction():
            ids = []
            for number in numbers:
                stat = FileStat(paths[number], sizes[number], times[number])
                file_id = store.files.put(stat, number.to_bytes(32, "big"), 1, None, [source.id])
                ids.append(store.items.put(file_id, os.path.basename(stat.path), 1, facts))  # noqa: PTH119
                store.files.set_complete(file_id, record.id)
            store.embeddings.add(record.id, ids, vectors[start : numbers.stop])
    # As at the end of every job.
    Calibration(store).prepare(embedder, record)
    embedder.close()
    store.close()
