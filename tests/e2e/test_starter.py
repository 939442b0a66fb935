"""What the starter model has learned, asked through the command line of a program just installed."""

import shutil

import pytest
from program import ROOT, Program

SAMPLES = ROOT / "resources" / "samples"
QUERIES = {
    "a cup of coffee": "coffee.jpg",
    "a cat": "cat.jpg",
    "an astronaut": "astronaut.jpg",
    "a red flower": "dahlia.jpg",
    "stars in the night sky": "galaxies.jpg",
    "a rocket launch": "rocket.jpg",
    "a temple in China": "summer-palace.jpg",
}

# File names are searched, too, and these tell nothing.
CAMERA_NAMES = {sample: f"IMG_{number:04}.jpg" for number, sample in enumerate(QUERIES.values(), start=1)}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The program as it is on its first day, with the samples indexed."""
    folder = tmp_path_factory.mktemp("fresh")
    program = Program(folder)
    del program.environment["IMAGEFINDER_MODEL"]
    (folder / "pictures").mkdir()
    for sample, name in CAMERA_NAMES.items():
        shutil.copy(SAMPLES / sample, folder / "pictures" / name)
    assert program.run("add", folder / "pictures").status == 0
    return program


@pytest.mark.parametrize("words", QUERIES)
def test_words_find_the_sample_picture_they_describe(fresh: Program, words: str) -> None:
    outcome = fresh.run("search", words, "--json")
    assert outcome.json["model"] == "starter"
    assert outcome.found[0] == CAMERA_NAMES[QUERIES[words]]
