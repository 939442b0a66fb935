"""Commands on rclip 3.3.0, run with the Python of its environment by ``rclip_peer.py``.

- ``index``: update the index of the current folder, as ``rclip`` does before each search. The search that the
  command line would run afterwards is skipped, and with it loading the text tower.
- ``fill ROWS``: insert the files in ``ROWS`` (see ``peer_material.py``) into an empty index through rclip's API.
- ``queries FILE``: answer the queries in ``FILE``, a JSON list, on the existing index without looking at the files,
  and print the seconds that each query took.
- ``vectors FILE TARGET``: write rclip's vectors of the ``texts`` and ``photographs`` in ``FILE``, a JSON object.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from rclip import db
from rclip.main import RClip, init_rclip
from rclip.model import Model
from rclip.utils import helpers

_BATCH = 8
"""Default of rclip's ``--indexing-batch-size``."""
_HITS = 20


def index() -> None:
    close(*init_rclip(str(Path.cwd()), _BATCH))


def fill(source: str) -> None:
    rows = np.load(source)
    database = db.DB(helpers.get_app_datadir() / "db.sqlite3")
    columns = (rows[name] for name in ("paths", "sizes", "mtimes", "vectors"))
    for number, (path, size, mtime, vector) in enumerate(zip(*columns, strict=True)):
        image = db.NewImage(
            filepath=str(path),
            modified_at=float(mtime),
            size=int(size),
            vector=vector.tobytes(),
            hash=f"{number:064x}",
        )
        database.upsert_image(image, commit=False)
    database.close()


def queries(source: str) -> None:
    """Print the seconds of each query except the first, which loads the text tower."""
    folder = str(Path.cwd())
    rclip, model, database = init_rclip(folder, _BATCH, no_indexing=True)
    first, *rest = json.loads(Path(source).read_text())
    rclip.search(first, folder, _HITS)
    seconds = []
    for query in rest:
        began = time.perf_counter()
        rclip.search(query, folder, _HITS)
        seconds.append(time.perf_counter() - began)
    close(rclip, model, database)
    print(json.dumps(seconds))


def vectors(source: str, target: str) -> None:
    asked = json.loads(Path(source).read_text())
    model = Model()
    pictures = [helpers.read_image(path) for path in asked["photographs"]]
    of_texts, of_pictures = (
        model.compute_text_features(asked["texts"]),
        model.compute_image_features(pictures),
    )
    np.save(target, np.concatenate([of_texts, of_pictures]))


def close(rclip: RClip, model: Model, database: db.DB) -> None:
    rclip.close()
    model.close()
    database.close()


if __name__ == "__main__":
    {"index": index, "fill": fill, "queries": queries, "vectors": vectors}[sys.argv[1]](*sys.argv[2:])
