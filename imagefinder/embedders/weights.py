"""Reading weights from files of all kinds, running nothing that they bring along."""

import pickle
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagefinder.embedders.state_dict import unwrapped
from imagefinder.embedders.weights_file import WeightsKind, weights_kind
from imagefinder.model.errors import ModelError
from imagefinder.translation import tr

if TYPE_CHECKING:
    import torch

    State = dict[str, torch.Tensor]

# Entries of OpenAI's TorchScript archives that are facts about the model, not weights.
_OPENAI_FACTS = ("input_resolution", "context_length", "vocab_size")


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

    # It tells programmers of a newer kind of pickle; what cannot be read is said below.
    warnings.filterwarnings("ignore", "Detected pickle protocol", UserWarning)
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
