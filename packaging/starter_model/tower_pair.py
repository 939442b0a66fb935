"""The pair of towers that ``together`` trains: trained parts, learning rates, and running means."""

import copy
from typing import Any

import torch
from text_tower import parameters_by_decay, rate_of_step
from torch import Tensor, nn
from towers import ImageTower, unit

LAST = 3
"""Number of the image tower's last stage, the only trained one."""
_TEXT_RATE, _SCALE_RATE, _STAGE_RATE, _HEAD_RATE = 6e-4, 1e-3, 1e-4, 3e-4
_WARM_UP = 20
"""Number of warm-up steps."""
_KEEP = 0.97
"""Decay of the running means per step."""


class TowerPair:
    """Both towers during training, with the running means of their weights."""

    def __init__(self, image: ImageTower, text: nn.Module) -> None:
        self.image = image.train()
        self.text = text.train()
        self.scale = nn.Parameter(torch.tensor(3.0))
        """Logarithm of the factor that scales similarities."""
        self.mean_image = copy.deepcopy(image).eval()
        self.mean_text = {name: values.clone() for name, values in text.state_dict().items()}
        self._optimizer = _optimizer(image, text, self.scale)

    def image_vectors(self, views: Tensor) -> Tensor:
        """Convert outputs of the third stage, (n, 160, 12, 12), to unit vectors (n, 512)."""
        trunk: Any = self.image.trunk
        with torch.autocast("cpu", torch.bfloat16):
            features = trunk.forward_head(trunk.stages[LAST](views))
        return unit(self.image.head(features.float()))

    def text_vectors(self, tokens: Tensor) -> Tensor:
        """Convert tokens, (n, longest), to unit vectors (n, 512)."""
        with torch.autocast("cpu", torch.bfloat16):
            vectors = self.text(tokens)
        return unit(vectors.float())

    def begin_step(self, step: int, steps: int) -> None:
        """Clear the gradients and set the learning rates: 20 steps of warm-up, then cosine decay."""
        rate = rate_of_step(step, steps, _WARM_UP)
        for group in self._optimizer.param_groups:
            group["lr"] = group["peak"] * rate
        self._optimizer.zero_grad()

    def end_step(self, step: int) -> None:
        """Apply the gradients and update the running means."""
        trained = [values for group in self._optimizer.param_groups for values in group["params"]]
        nn.utils.clip_grad_norm_(trained, 2.0)
        self._optimizer.step()
        moved = 1 - min(_KEEP, (step + 1) / (step + 10))
        with torch.no_grad():
            for name, values in self.text.state_dict().items():
                self.mean_text[name].lerp_(values, moved)
            for average, current in zip(self.mean_image.parameters(), self.image.parameters(), strict=True):
                average.lerp_(current, moved)

    def state(self) -> dict[str, Any]:
        """Return the complete training state, for ``restore``."""
        return {
            "image": self.image.state_dict(),
            "text": self.text.state_dict(),
            "scale": self.scale.detach(),
            "mean_image": self.mean_image.state_dict(),
            "mean_text": self.mean_text,
            "optimizer": self._optimizer.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Restore a state returned by ``state``."""
        self.image.load_state_dict(state["image"])
        self.text.load_state_dict(state["text"])
        with torch.no_grad():
            self.scale.copy_(state["scale"])
        self.mean_image.load_state_dict(state["mean_image"])
        self.mean_text = state["mean_text"]
        self._optimizer.load_state_dict(state["optimizer"])


def _optimizer(image: ImageTower, text: nn.Module, scale: nn.Parameter) -> torch.optim.Optimizer:
    """Create the optimizer, without the image tower's first three stages; ``peak`` is a group's maximum rate."""
    trunk: Any = image.trunk
    last = [*trunk.stages[LAST].parameters(), *trunk.head.parameters()]
    still, matrices = parameters_by_decay(text)
    groups = [
        {"params": still, "peak": _TEXT_RATE, "weight_decay": 0},
        {"params": matrices, "peak": _TEXT_RATE, "weight_decay": 0.02},
        {"params": [scale], "peak": _SCALE_RATE, "weight_decay": 0},
        {"params": last, "peak": _STAGE_RATE, "weight_decay": 0.03},
        {"params": list(image.head.parameters()), "peak": _HEAD_RATE, "weight_decay": 0.02},
    ]
    return torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.98))
