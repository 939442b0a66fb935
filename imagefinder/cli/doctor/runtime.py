"""The facts of ``imagefinder doctor`` about the runtime of the image tower (PyTorch or OpenVINO)."""

import sys
from typing import Any

from imagefinder.embedders.openclip import OpenClipEmbedder
from imagefinder.embedders.runtime.openvino_tower import openvino_version
from imagefinder.embedders.runtime.runtime_choice import AUTO, Runtime, RuntimeChoice
from imagefinder.translation import tr

_TITLES = {Runtime.TORCH: "PyTorch", Runtime.OPENVINO: "OpenVINO"}


def runtime_text(embedder: OpenClipEmbedder) -> str:
    """Return the runtime and the reason for it, as far as they are known."""
    if choice := embedder.runtime.choice:
        return _of_choice(choice, embedder.runtime.setting.wanted)
    if not embedder.device.startswith("cpu"):
        return tr("PyTorch: it is what computes on a graphics card here")
    if embedder.runtime.setting.wanted == Runtime.TORCH:
        return tr("PyTorch: as IMAGEFINDER_RUNTIME says")
    if embedder.runtime.is_tried:
        return tr("found out when the model sees its first picture: PyTorch or OpenVINO")
    if getattr(sys, "frozen", False) or openvino_version():
        return "PyTorch"
    return tr(
        "PyTorch; OpenVINO is not installed, which may be faster: {command}",
        command='pip install "imagefinder[openvino]"',
    )


def runtime_value(embedder: OpenClipEmbedder) -> dict[str, Any]:
    """Return the runtime and the figures of the runtime trial, for JSON."""
    wanted = embedder.runtime.setting.wanted
    choice = embedder.runtime.choice
    if choice is None:
        return {"chosen": None if embedder.runtime.is_tried else Runtime.TORCH, "wanted": wanted}
    return {
        "chosen": choice.runtime,
        "wanted": wanted,
        "torch_a_second": choice.torch_rate,
        "openvino_a_second": choice.openvino_rate,
        "cosine": choice.cosine,
        "failure": choice.problem,
    }


def _of_choice(choice: RuntimeChoice, wanted: str) -> str:
    if choice.problem:
        return tr("PyTorch: OpenVINO failed here ({reason})", reason=choice.problem)
    if choice.uses_openvino and choice.cosine is None:
        return tr("OpenVINO: the model came converted for it")
    if choice.torch_rate is None or choice.openvino_rate is None:
        return tr(
            "PyTorch: OpenVINO's vectors are others (cosine {cosine})", cosine=f"{choice.cosine or 0:.4f}"
        )
    figures = tr(
        "OpenVINO {openvino} pictures a second, PyTorch {torch}",
        openvino=f"{choice.openvino_rate:.3g}",
        torch=f"{choice.torch_rate:.3g}",
    )
    said = tr("{what}: {why}", "a choice and its reason", what=_TITLES[choice.runtime], why=figures)
    return said if wanted == AUTO else tr("{choice}; as IMAGEFINDER_RUNTIME says", choice=said)
