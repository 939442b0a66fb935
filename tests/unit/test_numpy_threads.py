"""Tests of NumPy's import with one thread, in separate processes with a stand-in for NumPy."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.program import ROOT

_SCRIPT = """
import os
from imagefinder.numpy_threads import import_numpy_with_one_thread
import_numpy_with_one_thread()
import numpy
print(numpy.SEEN, os.environ.get("OPENBLAS_NUM_THREADS"))
"""


@pytest.mark.parametrize(("said", "seen"), [(None, "1 None"), ("3", "3 3")])
def test_numpy_sees_one_thread_and_others_see_what_the_user_says(
    said: str | None, seen: str, tmp_path: Path
) -> None:
    (tmp_path / "numpy.py").write_text("import os\nSEEN = os.environ.get('OPENBLAS_NUM_THREADS')\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))}
    environment.pop("OPENBLAS_NUM_THREADS", None)
    if said is not None:
        environment["OPENBLAS_NUM_THREADS"] = said
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == seen
