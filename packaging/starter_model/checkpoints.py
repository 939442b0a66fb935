"""Atomic writing and loading of a stage's results, and of the state to resume from."""

from pathlib import Path
from typing import Any

import numpy as np
import torch


def save_arrays(path: Path, **arrays: Any) -> None:
    """Write arrays as ``.npz``, atomically."""
    part = path.with_name(path.name + ".part.npz")
    np.savez(part, **arrays)
    part.replace(path)


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a state in torch's format, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    torch.save(state, part)
    part.replace(path)


def load(path: Path) -> dict[str, Any]:
    """Load a state written by ``save``, without running code from the file."""
    state: dict[str, Any] = torch.load(path, weights_only=True)
    return state


def unfinished(path: Path) -> Path:
    """Return the path of the state from which an interrupted stage resumes; its result goes to ``path``."""
    return path.with_name(f"{path.stem}.unfinished.pt")


def chance_state(chance: np.random.RandomState | None = None) -> dict[str, Any]:
    """Return the state of torch's random generator, and of numpy's if given."""
    state: dict[str, Any] = {"torch": torch.get_rng_state()}
    if chance is not None:
        kind, keys, *rest = chance.get_state(legacy=True)
        state["numpy"] = [kind, np.asarray(keys).tolist(), *rest]
    return state


def restore_chance(state: dict[str, Any], chance: np.random.RandomState | None = None) -> None:
    """Restore a state returned by ``chance_state``."""
    torch.set_rng_state(state["torch"])
    if chance is not None:
        kind, keys, *rest = state["numpy"]
        chance.set_state((kind, np.array(keys, dtype=np.uint32), *rest))
