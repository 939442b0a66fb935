"""Print the ``status --json`` of a library, then its answers through the Python API as JSON.

Run by the campaigns as ``python answers.py LIBRARY PICTURES [--small]``. Searches by words and by pictures. A
search by
picture returns all items of the library, so a wrong vector shows in every answer. Fails if a search returns a
hit twice.
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
    """Return for each query the cosine of each hit. A hit is a path relative to the pictures, with its part."""
    found = {}
    with ImageFinder.open(library) as finder:
        for word in WORDS:
            found[word] = _scores(finder.search(word, include_rest=True, limit=_ALL), pictures)
        for path in sorted(asked_about(Path(pictures)).iterdir()):
            hits = finder.search(images=[path], include_query_images=True, min_score=-1, limit=_ALL)
            found[path.name] = _scores(hits, pictures)
    return found


def asked_about(pictures: Path) -> Path:
    """Return the folder of query pictures, outside the library.

    Pictures that are in the library would not be embedded for a search.
    """
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
