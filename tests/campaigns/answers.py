"""Print what ``status --json`` says of a library, and below it, as JSON, what it answers through the Python API.

A child of the campaigns: ``python answers.py LIBRARY PICTURES [--small]``. Words and pictures are searched.
What a picture finds is all that is in the library, so that a wrong vector shows in each answer. Fails where a hit comes
twice.
"""

import json
import sys
from pathlib import Path

from imagefinder import ImageFinder
from imagefinder.cli.main import main as cli_main
from imagefinder.domain.queries import Hit

WORDS = ("red", "number7", "green", "book")
_ALL = 100_000


def answers(library: str, pictures: str) -> dict[str, dict[str, float]]:
    """What is asked -> hit (a path below the pictures, and part) -> its cosine."""
    found = {}
    with ImageFinder.open(library) as finder:
        for word in WORDS:
            found[word] = _scores(finder.search(word, include_rest=True, limit=_ALL), pictures)
        for path in sorted(asked_about(Path(pictures)).iterdir()):
            hits = finder.search(images=[path], include_query_images=True, min_score=-1, limit=_ALL)
            found[path.name] = _scores(hits, pictures)
    return found


def asked_about(pictures: Path) -> Path:
    """The folder of the pictures to search by. None is in the library: what is there is not embedded for a search."""
    return pictures.with_name(f"{pictures.name} asked about")


def _scores(hits: list[Hit], pictures: str) -> dict[str, float]:
    scores = {f"{_below(hit.file, pictures)}:{hit.part}": hit.score for hit in hits}
    assert len(scores) == len(hits), "a hit comes twice"
    return scores


def _below(path: str, folder: str) -> str:
    return str(Path(path).relative_to(folder)) if path.startswith(folder) else path


if __name__ == "__main__":
    if "--small" in sys.argv:
        from small_program import shrink  # type: ignore[import-not-found]

        shrink()
    library, pictures = sys.argv[1:3]
    if cli_main(["--library", library, "status", "--json"]) != 0:
        sys.exit(1)
    sys.stdout.write(json.dumps(answers(library, pictures)) + "\n")
