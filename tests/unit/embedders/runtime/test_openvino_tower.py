"""Tests with the real OpenVINO, if installed: the same vectors, without PyTorch, and no telemetry."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers.tiny_clip import TINY_CONFIG

from imagefinder.embedders.spec import merge_preprocess

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed"
)

PRELUDE = """
import json, sys
from pathlib import Path
TOLD = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "urllib.Request")

def refuse(event, arguments):
    if event in TOLD:
        raise AssertionError(f"{event}: {arguments}")

sys.addaudithook(refuse)
import numpy as np
from PIL import Image
from imagefinder.embedders import model_registry
from imagefinder.embedders.openclip import OpenClipEmbedder
from imagefinder.embedders.hardware.processor import is_x86
from imagefinder.embedders.runtime.runtime_choice import Runtime, RuntimeSetting
from imagefinder.embedders.spec import ClipSpec

told = json.loads(sys.argv[1])
weights, model, preprocess = Path(told["weights"]), told["model"], told["preprocess"]
spec = ClipSpec("tiny/test", "test", "tiny", weights, model, preprocess)

def embedders(runtimes):
    yield OpenClipEmbedder(spec, "cpu", runtimes=runtimes)
    yield model_registry.create("starter", "cpu", Path("none"), runtimes)

def vectors(embedder):
    random = np.random.default_rng(5)
    pictures = [Image.fromarray(random.integers(0, 256, (5, 6, 3), np.uint8)).resize((90, 70)) for _ in range(5)]
    prepared = [embedder.prepare(picture) for picture in pictures]
    rows = embedder.encode_images(prepared)
    assert np.allclose(embedder.encode_images(prepared[:1]), rows[:1], atol=1e-2), "other numbers of pictures"
    return rows

openvino = RuntimeSetting(Runtime.OPENVINO, Path(told["folder"]))
"""
FIRST = """
for theirs, ours in zip(embedders(openvino), embedders(None)):
    cosines = (vectors(theirs) * vectors(ours)).sum(axis=1)
    choice = theirs.runtime.choice
    assert choice.runtime is Runtime.OPENVINO, choice
    assert (choice.cosine is None) == (theirs.name == "starter" and is_x86()), "the starter model came converted"
    assert theirs.device.endswith(", OpenVINO)")
    assert cosines.min() > (0.998 if choice.precision == "int8" else 0.999), cosines
    np.save(Path(told["folder"], str(theirs.dimension)), vectors(theirs))
"""
LATER = """
from concurrent.futures import ThreadPoolExecutor
for embedder in embedders(openvino):
    assert embedder.device.endswith(", OpenVINO)")
    assert embedder.batch_size == 16
    kept = np.load(Path(told["folder"], f"{embedder.dimension}.npy"))
    with ThreadPoolExecutor(4) as pool:
        for rows in pool.map(vectors, [embedder] * 8):
            assert np.allclose(rows, kept, atol=1e-5)
    assert embedder.encode_texts(["a red bus"]).shape == (1, embedder.dimension)
    assert embedder.release(), "the tower can be let go of"
    assert np.allclose(vectors(embedder), kept, atol=1e-5)
assert not {"torch", "torchvision", "open_clip", "timm"} & set(sys.modules)
"""
IN_INT8 = """
from imagefinder.embedders.runtime.openvino_tower import OpenVinoImageTower, save_image_tower, save_in_int8
from imagefinder.embedders.towers.preprocess import Preprocessing
folder = Path(told["folder"])
for number, embedder in enumerate(embedders(None)):
    spec = embedder._spec
    preprocessing = Preprocessing(spec.preprocess_cfg)
    whole, rounded = folder / f"{number}.xml", folder / f"{number} rounded.xml"
    save_image_tower(spec, preprocessing, whole)
    assert save_in_int8(whole, rounded)
    sizes = [file.with_suffix(".bin").stat().st_size for file in (whole, rounded)]
    assert sizes[1] < 0.9 * sizes[0], sizes
    random = np.random.default_rng(5)
    height, width, _ = preprocessing.shape
    coarse = random.integers(0, 256, (4, 5, 6, 3), np.uint8)
    pixels = np.stack([preprocessing(Image.fromarray(picture).resize((width, height))) for picture in coarse])
    rows = [OpenVinoImageTower(*of).encode(pixels) for of in ((whole, "float32"), (rounded, "int8"))]
    first, second = (row / np.linalg.norm(row, axis=1, keepdims=True) for row in rows)
    cosines = (first * second).sum(axis=1)
    assert cosines.min() > 0.998, cosines
    assert not np.array_equal(first, second), "nothing was rounded"
    # What one picture's numbers are does not hang on the others in the batch.
    alone = OpenVinoImageTower(rounded, "int8").encode(pixels[:1])
    assert np.allclose(alone, rows[1][:1], rtol=1e-2, atol=1e-3 * np.abs(alone).max())
"""
SILENT = """
told_by = [name for name, module in sys.modules.items() if name.startswith("openvino_telemetry") and module]
assert not told_by, told_by
if "openvino.tools.ovc.telemetry_utils" in sys.modules:
    stub = sys.modules["openvino.tools.ovc.telemetry_utils"].tm
    assert stub.__name__ == "openvino.tools.ovc.telemetry_stub", stub
"""


def run(script: str, told: dict[str, Any]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + script + SILENT, json.dumps(told)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, "nothing is printed at the user either"


@pytest.fixture(scope="module")
def told(tiny_safetensors: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A tiny model, and a folder into which one process has converted it and the starter model."""
    told = {
        "weights": str(tiny_safetensors),
        "model": TINY_CONFIG,
        "preprocess": merge_preprocess(TINY_CONFIG, {}),
        "folder": str(tmp_path_factory.mktemp("runtimes")),
    }
    run(FIRST, told)
    return told


def test_a_later_process_embeds_the_same_without_pytorch(told: dict[str, Any]) -> None:
    run(LATER, told)


@pytest.mark.slow
def test_a_damaged_tower_is_converted_anew(told: dict[str, Any]) -> None:
    for file in Path(told["folder"]).rglob("tower-*.bin"):
        file.write_bytes(file.read_bytes()[:-100])
    run(FIRST, told)
    run(LATER, told)


@pytest.mark.slow
def test_in_int8_the_vectors_point_the_same_way(told: dict[str, Any]) -> None:
    run(IN_INT8, told)
