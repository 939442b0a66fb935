"""Comparison of imagefinder and rclip 3.3.0: ``python benchmarks/side_by_side.py [--photos DIR] [--rclip ENV]``.

Both programs use the same ViT-B-32-256 with seeded random weights, which cost as much as trained ones. imagefinder
imports them; rclip gets them as float32 ONNX files, like its own models. The benchmark first checks that both produce
the same vectors for a few texts and photographs. Then the programs alternate in these tasks:

- Indexing one photograph into an empty index, as in a first use. imagefinder then also embeds the bank of unrelated
  queries, once for each library and model.
- Indexing photographs of twelve megapixels, of 640 pixels, and a mix of both. Whole processes are measured from start
  to exit, on the CPU. rclip runs without the search that its command line ends with; imagefinder uses a library after
  its first use. One figure counts the whole run, another only the time beyond a run over one photograph, which
  excludes the startup and loading the model. ``peak`` is the process's peak resident memory.
- Rescanning 20,000 unchanged tiny files, as whole processes, and beyond the time for one file. Both indexes are
  filled directly.
- A query in a new process on 1,000 pictures. rclip runs with ``--no-indexing``, so neither program looks at the files.
- Queries in a process that has already answered one, on 100,000 vectors. Every query is a different text.

``pipeline`` concerns imagefinder only: the processor time of the whole pipeline, divided by that of decoding alone
plus the forward pass alone, in one process (see ``indexing.py``).

A ratio is the factor by which imagefinder is better than rclip (for ``pipeline``: whole / sum of the parts). It is the
median of the ratios of the rounds, in each of which both ran one after the other. The other figures are medians, too.
The disk cache is warm. The second table compares imagefinder with its starter model, which new users get, with the
same runs of rclip with ViT-B-32-256.

Without ``--rclip``, pip installs rclip into a new environment. If the package ``onnx`` is missing, it is installed
into a separate folder. With ``--scratch``, all prepared data is kept for the next run.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from comparison import Kind, Row, alternate, print_table
from imagefinder_peer import ImageFinderPeer, pipeline_shares
from peer_material import vocabulary
from prepared import MODEL, Prepared
from processes import Spent, apart
from rclip_peer import VERSION, Rclip, environment_with_rclip

STARTER = "starter"
MEASURED = ("index-12mp", "index-640", "index-mix", "pipeline", "rescan", "cold", "warm")
INDEXING_GOALS = {"index-12mp": 3.0, "index-640": 1.8}
FILES = 20_000
LIBRARY = 1_000
VECTORS = 100_000
QUERIES = [
    f"{what} {where}"
    for what in (
        "a dog running",
        "two children",
        "an old bicycle",
        "a red car",
        "a plate of food",
        "my cat asleep",
    )
    for where in (
        "on the beach",
        "in the snow",
        "at night",
        "in front of a house",
        "under a tree",
        "by a lake",
    )
]

Peer = Rclip | ImageFinderPeer


class Bench:
    """All measurements, and the rows of the tables."""

    def __init__(self, prepared: Prepared, rclip: Rclip, models: Sequence[str], rounds: int) -> None:
        self._prepared = prepared
        self._rclip = rclip
        self._rounds = rounds
        self._ours = {
            model: ImageFinderPeer(model, prepared.home, prepared.scratch / f"of {model.partition('/')[0]}")
            for model in models
        }
        self._peers: dict[str, Peer] = {"rclip": rclip, **self._ours}
        self.rows: dict[str, list[Row]] = {model: [] for model in models}
        """Rows of the tables, by model."""

    def measure(self, names: Sequence[str]) -> None:
        """Take the named measurements, in the order of ``MEASURED``."""
        if indexed := [name for name in MEASURED if name in names and name.startswith("index-")]:
            self._index(indexed)
        for name in ("pipeline", "rescan", "cold", "warm"):
            if name in names:
                print(f"measuring: {name}", flush=True)
                getattr(self, f"_{name}")()

    def prove_alike(self) -> None:
        """Print the least cosine between both programs' vectors of some texts and photographs, with the same weights.

        The remaining difference comes from reduced precision (bfloat16 on processors that support it) and from
        decoding at a reduced size.
        """
        folders = [self._prepared.photographs(name) for name in ("index-12mp", "index-640")]
        pictures = [path for folder in folders for path in sorted(folder.rglob("*.jpg"))[:4]]
        texts = QUERIES[:8]
        theirs = self._rclip.vectors(texts, pictures)
        cosines = np.sum(theirs * self._ours[MODEL].vectors(texts, pictures), axis=1)
        print(
            f"agreement of the vectors, least cosine: texts {cosines[: len(texts)].min():.5f}, "
            f"photographs {cosines[len(texts) :].min():.5f}",
            flush=True,
        )

    def _index(self, names: Sequence[str]) -> None:
        one = self._prepared.one_photograph()
        folders = {name: self._prepared.photographs(name) for name in names}
        counts = {name: _read_all(folder) for name, folder in folders.items()}
        print("measuring: first use", flush=True)
        first = self._alternate(lambda peer: peer.index(one, is_first=True))
        for model, rows in self.rows.items():
            rows += _times("first use: one photograph", first["rclip"], first[model])
        # Interleave all sets, so that the run over one photograph is measured under the same load as the others.
        works = {
            f"{name} {peer}": partial(_indexed, self._peers[peer], folder)
            for name, folder in {"start": one, **folders}.items()
            for peer in self._peers
        }
        runs = alternate(self._rounds, works, warm_up=False)
        for model, rows in self.rows.items():
            for name, count in counts.items():
                both, alone = (
                    [runs[f"{what} {peer}"] for peer in ("rclip", model)] for what in (name, "start")
                )
                rows += _indexing(name, count, both, alone)

    def _pipeline(self) -> None:
        for model, rows in self.rows.items():
            for name in ("index-12mp", "index-640"):
                folder, scratch = self._prepared.photographs(name), self._prepared.scratch / "pipeline"
                environment = self._prepared.environment
                shares = apart(environment, pipeline_shares, model, folder, scratch, self._rounds)
                whole, parts = zip(*shares, strict=True)
                what = f"pipeline, {name}: processor s / sum of its parts"
                rows.append(Row(what, Kind.SHARE, parts, whole, 1.08))

    def _rescan(self) -> None:
        alone = self._rescanned("rescan one", self._prepared.one_photograph())
        runs = self._rescanned("rescan", self._prepared.tree(FILES))
        for model, rows in self.rows.items():
            both, ones = (runs["rclip"], runs[model]), (alone["rclip"], alone[model])
            what = f"rescan: {FILES:,} unchanged files"
            rows += _times(what, *both, 10.0)
            beyond = [
                [run.cpu - one.cpu for run, one in zip(spent, alone, strict=True)]
                for spent, alone in zip(both, ones, strict=True)
            ]
            rows.append(Row(f"{what}, beyond the first, processor s", Kind.COST, beyond[0], beyond[1], 10.0))

    def _rescanned(self, state: str, tree: Path) -> dict[str, list[Spent]]:
        rows_file = self._prepared.rows_of(tree)
        self._rclip.fill(state, rows_file, with_model=False)
        for ours in self._ours.values():
            ours.fill(state, rows_file, tree)
        return self._alternate(lambda peer: peer.rescan(state, tree))

    def _cold(self) -> None:
        folder = self._filled("thousand", LIBRARY)
        runs = self._alternate(lambda peer: peer.search("thousand", QUERIES[0], folder))
        for model, rows in self.rows.items():
            rows += _times(f"cold: a query, {LIBRARY:,} pictures", runs["rclip"], runs[model], 1 / 0.7)

    def _warm(self) -> None:
        folder = self._filled("many", VECTORS)
        for ours in self._ours.values():
            ours.answer("many", QUERIES[:2], folder)  # builds the index, which the next process loads
        medians: dict[str, list[float]] = {name: [] for name in self._peers}
        for _ in range(self._rounds):
            for name, peer in self._peers.items():
                # rclip takes so long that a few queries are enough.
                queries = QUERIES[:6] if peer is self._rclip else QUERIES
                medians[name].append(statistics.median(peer.answer("many", queries, folder)) * 1e3)
        for model, rows in self.rows.items():
            what = f"warm: a query, {VECTORS:,} vectors, in process, ms"
            rows.append(Row(what, Kind.COST, medians["rclip"], medians[model], 20.0))

    def _alternate(self, work: Callable[[Peer], Spent]) -> dict[str, list[Spent]]:
        return alternate(self._rounds, {name: partial(work, peer) for name, peer in self._peers.items()})

    def _filled(self, state: str, count: int) -> Path:
        """Fill all libraries named ``state`` with ``count`` rows; return the nominal folder of their files."""
        folder = self._prepared.scratch / f"photographs of {state}"
        folder.mkdir(exist_ok=True)
        rows_file = self._prepared.made_up_rows(folder, count)
        self._rclip.fill(state, rows_file)
        for ours in self._ours.values():
            ours.fill(state, rows_file, folder)
        return folder


def _indexed(peer: Peer, folder: Path) -> Spent:
    return peer.index(folder)


def _read_all(folder: Path) -> int:
    """Read all photographs into the disk cache; return their number."""
    return sum(bool(path.read_bytes()) for path in folder.rglob("*.jpg"))


def _indexing(name: str, count: int, both: list[list[Spent]], alone: list[list[Spent]]) -> list[Row]:
    """Return the rows for indexing ``count`` photographs.

    Args:
        name: The name of the measurement.
        count: The number of photographs.
        both: The runs of rclip and of imagefinder.
        alone: Their runs over one photograph.
    """
    whole = [[count / run.wall for run in runs] for runs in both]
    beyond = [
        [(count - 1) / (run.wall - one.wall) for run, one in zip(runs, ones, strict=True)]
        for runs, ones in zip(both, alone, strict=True)
    ]
    cpu = [
        [(run.cpu - one.cpu) / (count - 1) for run, one in zip(runs, ones, strict=True)]
        for runs, ones in zip(both, alone, strict=True)
    ]
    peak = [[run.peak_mb for run in runs] for runs in both]
    goal = INDEXING_GOALS.get(name)
    return [
        Row(f"{name}: photographs/s, whole run", Kind.RATE, whole[0], whole[1], goal),
        Row(f"{name}: photographs/s, beyond the first", Kind.RATE, beyond[0], beyond[1], goal),
        Row(f"{name}: processor s each, beyond the first", Kind.COST, cpu[0], cpu[1]),
        Row(f"{name}: peak, MB", Kind.COST, peak[0], peak[1], 1.0),
    ]


def _times(what: str, theirs: Sequence[Spent], ours: Sequence[Spent], goal: float | None = None) -> list[Row]:
    """Return the rows for whole processes: elapsed time and processor time."""
    return [
        Row(f"{what}, s", Kind.COST, [run.wall for run in theirs], [run.wall for run in ours], goal),
        Row(f"{what}, processor s", Kind.COST, [run.cpu for run in theirs], [run.cpu for run in ours]),
    ]


@contextmanager
def scratch_folder(wanted: Path | None) -> Iterator[Path]:
    if wanted is not None:
        wanted.mkdir(parents=True, exist_ok=True)
        yield wanted.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="imagefinder-bench-") as folder:
        yield Path(folder).resolve()


def parsed(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, help="a folder of JPEGs to use, also enlarged")
    parser.add_argument(
        "--rclip", type=Path, metavar="ENV", help=f"a virtual environment with rclip {VERSION}"
    )
    parser.add_argument("--scratch", type=Path, metavar="DIR", help="keep the prepared data in this folder")
    parser.add_argument(
        "--only", nargs="+", choices=MEASURED, metavar="NAME", help=f"run only some of: {', '.join(MEASURED)}"
    )
    parser.add_argument("--rounds", type=int, help="number of rounds (default: 3, with --full 5)")
    parser.add_argument(
        "--full",
        action="store_true",
        help="use four times as many photographs, and add the mix of both kinds",
    )
    arguments = parser.parse_args(words)
    if arguments.only is None:
        arguments.only = [name for name in MEASURED if arguments.full or name != "index-mix"]
    arguments.rounds = arguments.rounds or (5 if arguments.full else 3)
    arguments.large, arguments.small = (96, 600) if arguments.full else (24, 150)
    return arguments


def main() -> None:
    arguments = parsed()
    with scratch_folder(arguments.scratch) as scratch:
        prepared = Prepared(scratch, arguments)
        environment = arguments.rclip or environment_with_rclip(scratch / "rclip")
        rclip = Rclip(environment, scratch / "of rclip", prepared.towers, vocabulary())
        bench = Bench(prepared, rclip, (MODEL, STARTER), arguments.rounds)
        bench.prove_alike()
        bench.measure(arguments.only)
        for title, model in (
            ("Both with the same weights", MODEL),
            ("imagefinder with its starter model", STARTER),
        ):
            print_table(title, f"rclip {VERSION}", bench.rows[model])


if __name__ == "__main__":
    main()
