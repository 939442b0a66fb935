import subprocess
import sys

import pytest

EMBEDS = """
import sys
from pathlib import Path
from PIL import Image
from imagefinder.embedders import model_registry
embedder = model_registry.create("starter", "cpu", Path("none"))
vector = embedder.encode_images([embedder.prepare(Image.new("RGB", (90, 70), (200, 90, 10)))])
"""
WITHOUT = """
assert not {"torch._dynamo", "sympy", "torch.distributed.fsdp"} & set(sys.modules)
import torch._dynamo
assert torch._dynamo.__file__, "the genuine one, for who wants it"
import torch._dynamo.utils
assert torch._dynamo.utils.counters is not None
"""
# A compiler that is already loaded is kept, for example in a program that compiles its own models.
WITH = """
import torch._dynamo
genuine = torch._dynamo
from imagefinder.embedders.towers.tower_loader import import_open_clip
import_open_clip()
import sys
assert sys.modules["torch._dynamo"] is genuine
assert genuine.disable.__module__.startswith("torch.")
"""
# A library that needs more of the compiler than the stubs provide, as a later version might.
WANTS_MORE = """
import importlib.abc, sys
wanted = []
class Wants(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "timm.models.vision_transformer" and not wanted:
            wanted.append(name)
            from torch._dynamo import config
sys.meta_path.insert(0, Wants())
"""
FOUND = """
assert wanted
assert sys.modules["torch._dynamo"].__file__
"""


def run(script: str) -> None:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_picture_is_embedded_without_the_compiler_which_can_be_had_afterwards() -> None:
    run(EMBEDS + WITHOUT)


def test_a_compiler_that_is_there_is_left_alone() -> None:
    run(WITH)


@pytest.mark.slow
def test_who_wants_more_of_the_compiler_gets_it() -> None:
    run(WANTS_MORE + EMBEDS + FOUND)
