"""Ask a library, through the Python API, what it can be asked, and print the answers as JSON.

A child of the campaigns: ``python answers.py LIBRARY PICTURES [--small]``. Words are searched, and pictures.
What a picture finds is all that is in the library, so that a wrong vector shows in each answer. Fails where a hit comes
twice.
"""

import json
import sys
from pathlib import Path

from imagefinder import ImageFinder
from imagefinder.model.queries import Hit

WORDS = ("red", "number7", "green", "book")
_EACH = 6
_ALL = 100_000


def main(library: str, pictures: str) -> dict[str, dict[str, float]]:
    """What is asked -> hit (a path below the pictures, and part) -> its cosine."""
    answers = {}
    with ImageFinder.open(library) as finder:
        for word in WORDS:
            answers[word] = _scores(finder.search(word, include_rest=True, limit=_ALL), pictures)
        for path in sorted(Path(pictures).rglob("*.jpg"))[::_EACH]:
            hits = finder.search(images=[path], include_query_images=True, min_score=-1, limit=_ALL)
            answers[_below(str(path), pictures)] = _scores(hits, pictures)
    return answers


def _scores(hits: list[Hit], pictures: str) -> dict[str, float]:
    scores = {f"{_below(hit.file, pictures)}:{hit.part}": hit.score for hit in hits}
    assert len(scores) == len(hits), "a hit comes twice"
    return scores


def _below(path: str, folder: str) -> str:
    return str(Path(path).relative_to(folder)) if path.startswith(folder) else path


if __name__ == "__main__":
    if "--small" in sys.argv:
        from small_program import shrink

        shrink()
    sys.stdout.write(json.dumps(main(*sys.argv[1:3])) + "\n")
