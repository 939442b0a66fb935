"""Tests of the waiting of PyTorch's OpenMP threads, in separate processes with a stand-in for PyTorch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.program import ROOT

SAID = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
SCRIPT = """
import os
from imagefinder.embedders.hardware.torch_threads import import_torch_with_patient_threads
import_torch_with_patient_threads()
import_torch_with_patient_threads()
import torch
print(torch.SEEN, os.environ.get("GOMP_SPINCOUNT"))
"""
STAND_IN = "import os\nSEEN = os.environ.get('GOMP_SPINCOUNT')\n"
OURS = "1000" if sys.platform == "linux" else None


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        ({}, f"{OURS} None"),
        ({"GOMP_SPINCOUNT": "7"}, "7 7"),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, "None None"),
    ],
)
def test_its_threads_sleep_soon_unless_the_user_says_otherwise(
    said: dict[str, str], seen: str, tmp_path: Path
) -> None:
    (tmp_path / "torch.py").write_text(STAND_IN)
    kept = {name: value for name, value in os.environ.items() if name not in SAID}
    environment = {**kept, **said, "PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == seen


@pytest.mark.parametrize(
    "first",
    [
        "from imagefinder.embedders.hardware.device import choose_device; choose_device('cpu')",
        "from imagefinder.embedders.hardware.device import devices_here; devices_here()",
        "from imagefinder.embedders.towers.tower_loader import import_open_clip; import_open_clip()",
        "from imagefinder.embedders.weights.torch_weights import read_weights; read_weights(Path(sys.argv[1]))",
    ],
)
def test_whatever_first_needs_pytorch_imports_it_so(first: str, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    save_file({"some": torch.zeros(2)}, tmp_path / "some.safetensors")
    script = f"""
import os, sys
from pathlib import Path
class Watch:
    def find_spec(self, name, path, target=None):
        if name == "torch":
            print(os.environ.get("GOMP_SPINCOUNT"))
            sys.stdout.flush()
            os._exit(0)  # what PyTorch does then takes seconds, and is not the question
sys.meta_path.insert(0, Watch())
{first}
"""
    kept = {name: value for name, value in os.environ.items() if name not in SAID}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "some.safetensors")],
        env=kept | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(OURS)
