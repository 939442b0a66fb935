"""Writing a stage's results so that a stop in the middle leaves the last whole ones."""

from pathlib import Path
from typing import Any

import numpy as np
import torch


def save_arrays(path: Path, **arrays: Any) -> None:
    """numpy's ``.npz``, whole or not at all."""
    part = path.with_name(path.name + ".part.npz")
    np.savez(part, **arrays)
    part.replace(path)


def save(path: Path, state: dict[str, Any]) -> None:
    """torch's format, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    torch.save(state, part)
    part.replace(path)


def load(path: Path) -> dict[str, Any]:
    """What ``save`` wrote; nothing in the file is run."""
    state: dict[str, Any] = torch.load(path, weights_only=True)
    return state


def unfinished(path: Path) -> Path:
    """Where a stage keeps what it needs to go on; its result goes to ``path`` itself."""
    return path.with_name(f"{path.stem}.unfinished.pt")


def chance_state(chance: np.random.RandomState | None = None) -> dict[str, Any]:
    """Where torch's stream of random numbers is, and numpy's if given."""
    state: dict[str, Any] = {"torch": torch.get_rng_state()}
    if chance is not None:
        kind, keys, *rest = chance.get_state(legacy=True)
        state["numpy"] = [kind, np.asarray(keys).tolist(), *rest]
    return state


def restore_chance(state: dict[str, Any], chance: np.random.RandomState | None = None) -> None:
    """Go on where ``chance_state`` was."""
    torch.set_rng_state(state["torch"])
    if chance is not None:
        kind, keys, *rest = state["numpy"]
        chance.set_state((kind, np.array(keys, dtype=np.uint32), *rest))
