import subprocess
import sys

# An import hook simulates the failure of a torchvision whose compiled part does not fit torch, so that the workaround
# is tested on machines where torchvision works too.
BROKEN = """
import importlib.abc, sys
class Misfit(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "torchvision._meta_registrations":
            raise RuntimeError({error!r})
sys.meta_path.insert(0, Misfit())
"""
WORKS = """
from imagefinder.embedders.towers.torchvision_ops import import_torchvision
torchvision = import_torchvision()
assert import_torchvision() is torchvision
from PIL import Image
from torchvision.transforms import Compose, Resize, ToTensor
assert Compose([Resize(8), ToTensor()])(Image.new("RGB", (16, 12))).shape == (3, 8, 10)
"""
REFUSES = """
from imagefinder.embedders.towers.torchvision_ops import import_torchvision
import sys
try:
    import_torchvision()
except ImportError as error:
    assert "out of cheese" in str(error), error
else:
    raise AssertionError("imported")
"""
OPEN_CLIP = WORKS + "import open_clip\nassert open_clip.list_models()\n"
UNTOUCHED = """
import sys, types
working = types.ModuleType("torchvision")
sys.modules["torchvision"] = working
from imagefinder.embedders.towers.torchvision_ops import import_torchvision
assert import_torchvision() is working
assert "torchvision._meta_registrations" not in sys.modules
"""


def run(script: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_open_clip_imports_beside_a_torchvision_whose_operators_do_not_fit() -> None:
    run(BROKEN.format(error="operator torchvision::nms does not exist") + OPEN_CLIP)


def test_a_torchvision_that_works_is_left_alone() -> None:
    run(UNTOUCHED)


def test_a_torchvision_broken_in_another_way_is_an_import_error() -> None:
    run(BROKEN.format(error="out of cheese") + REFUSES)
