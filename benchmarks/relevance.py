"""How well relevance separates true hits from others: ``python benchmarks/relevance.py --data DIR [--keep FOLDER]``.

``DIR`` is the training data (see ``starter_model.py``), of which only the held-out photographs are used. ``FOLDER``
keeps the vectors, which take minutes to compute. Prints the following, asserts nothing:

1. Words: captions over libraries of 20, 100 and 500 photographs of Flickr8k, and queries without an answer. The
   constants were chosen with these photographs; those of MS COCO in ``DIR/../photos`` were used only to choose how
   lenient the cutoff is.
2. Names of Caltech-101's held-out classes, over all classes, over the class alone, and over one photograph.
3. Pictures: photographs of a held-out class as queries over all classes; photographs of Flickr8k over Caltech-101.
4. Queries by picture with trained CLIP ViT-B/16 vectors of Flickr8k (``teacher/``): the deviations of random pairs.
5. Other measures compared with relevance, on the captions: the false hits shown with 95 % of the true hits kept.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from starter_model import HELD_OUT, caltech, embed, plain

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from imagefinder.domain.model_names import STARTER
from imagefinder.embedders import model_registry
from imagefinder.embedders.embedder import Embedder, FloatArray
from imagefinder.engine.search.calibration import bank
from imagefinder.engine.search.relevance import CUT, BackgroundDistribution, BackgroundScores, curve, sure

SAMPLE = 512
ABSENT = (
    "quantum tax form", "okapi", "nautilus shell", "an aircraft carrier", "chest x-ray of a lung",
    "periodic table of the elements", "an electron microscope picture of a virus", "a sewing machine", "a pipe organ",
    "a submarine", "an astronaut on the moon", "a penguin colony", "polar bear on ice", "giraffes at a waterhole",
    "a rhinoceros", "an octopus", "a starfish", "a scorpion", "a lobster on a plate", "a stapler", "an old gramophone",
    "a metronome", "a chandelier", "a revolver", "a typewriter", "floor plan of an apartment", "electricity bill 2023",
    "birth certificate", "wiring diagram", "chemical structure of caffeine", "stock market chart", "a QR code",
    "a crossword puzzle", "python source code", "terminal with error messages", "a boarding pass",
    "a satellite picture of a hurricane", "northern lights", "a total solar eclipse", "a coral reef", "an iceberg",
    "a pyramid in Egypt", "the Eiffel Tower", "a Japanese pagoda", "a bowl of ramen", "a jack-o'-lantern",
    "a rocket on its launch pad", "a fighter jet", "a combine harvester", "a nuclear power plant", "a server room",
    "an abacus", "a stethoscope", "a syringe", "a dentist's chair", "a bowling alley", "a sumo wrestler", "a harp",
    "an accordion", "a stained glass window", "hieroglyphs", "a sphinx", "a unicorn", "inflation rate",
    "monetary policy", "integral calculus", "tectonic plates", "photosynthesis", "my password list",
    "meeting minutes", "insurance policy", "rental agreement", "curriculum vitae",
)  # fmt: skip
"""Queries that no photograph of Flickr8k answers."""


def main() -> None:
    """Run all measurements and print them."""
    parser = argparse.ArgumentParser(
        description="Measure how well relevance separates true hits from others."
    )
    parser.add_argument("--data", type=Path, required=True, help="the folder with the training photographs")
    parser.add_argument("--keep", type=Path, help="keep the vectors in this folder and reuse them")
    parser.add_argument("--model", default=STARTER, help="the model to measure (default: %(default)s)")
    arguments = parser.parse_args()
    data, held_out = arguments.data, json.loads(HELD_OUT.read_text(encoding="utf-8"))
    folder = arguments.keep or Path(tempfile.mkdtemp())
    embedder = model_registry.create(arguments.model, "auto", Path(tempfile.gettempdir()))

    def kept(name: str, make: Callable[[], FloatArray]) -> FloatArray:
        file = folder / f"{name}.npy"
        if not file.exists():
            folder.mkdir(parents=True, exist_ok=True)
            np.save(file, make())
        return np.asarray(np.load(file), np.float32)

    names = held_out["flickr8k"]
    captions = json.loads((data / "flickr8k_captions.json").read_text(encoding="utf-8"))
    labels, paths = caltech(data / "caltech101")
    unseen = [label for label in sorted(set(labels)) if label in held_out["caltech101"]]
    queries = kept("bank", lambda: embedder.encode_texts(bank()))
    photographs = kept("flickr8k", lambda: embed(embedder, [data / "flickr8k" / name for name in names]))
    texts = kept("captions", lambda: embedder.encode_texts([captions[name][0] for name in names]))
    absent = kept("absent", lambda: embedder.encode_texts(ABSENT))
    objects = kept("caltech101", lambda: embed(embedder, paths))
    words = kept(
        "classes", lambda: embedder.encode_texts([f"a photo of a {plain(label)}" for label in unseen])
    )

    print(f"{embedder.name}; the relevance cutoff is {CUT}")
    captions_and_absent(queries, photographs[1::2], texts[1::2], absent)
    coco(queries, data.parent / "photos", absent, embedder, kept)
    class_names(queries, objects, np.array(labels), unseen, words)
    print("\nPictures: standard deviations of same-class pairs, share kept; share of others above the cutoff")
    pictures(objects, np.array(labels), unseen, photographs)
    teacher(data / "teacher" / "flickr8k_images.npz", names)
    other_measures(queries, photographs[1::2], texts[1::2], absent)


def captions_and_absent(
    queries: FloatArray, library: FloatArray, texts: FloatArray, absent: FloatArray
) -> None:
    """Print section 1: captions, and queries without an answer."""
    deviations = BackgroundDistribution(queries, library[:SAMPLE])
    of_captions = np.stack([deviations.deviations(text, library) for text in texts])
    of_absent = np.stack([deviations.deviations(text, library) for text in absent])
    true = np.diag(of_captions)
    print("\nCaptions over their own photographs, and queries without an answer; standard deviations")
    print(
        f"  true pairs {true.mean():.2f} ± {true.std():.2f}, the lowest 5 % below {np.quantile(true, 0.05):.2f}"
    )
    print(
        f"  unanswered {of_absent.mean():.2f} ± {of_absent.std():.2f}, best of each {of_absent.max(axis=1).mean():.2f}"
    )
    print(f"  area under the curve, true against unanswered: {auc(true, of_absent.ravel()):.4f}")
    print(f"  relevance: true {curve(true).mean():.2f}, unanswered {curve(of_absent).mean():.3f}")
    random = np.random.default_rng(0)
    for count in (20, 100, len(library)):
        true_kept, empty, shown = [], [], []
        for _ in range(max(1, 400 // count)):
            rows = random.permutation(len(library))[:count]
            judge = BackgroundDistribution(queries, library[rows][:SAMPLE])
            for place, row in enumerate(rows):
                found = answered(judge, texts[row], library[rows])
                true_kept.append(found[place])
            for text in absent:
                found = answered(judge, text, library[rows])
                empty.append(not found.any())
                shown.append(found.sum())
        print(f"  among {count:4}: true hits kept {np.mean(true_kept):.3f}, unanswered queries without hits "
              f"{np.mean(empty):.2f} (mean number of hits {np.mean(shown):.1f})")  # fmt: skip


def coco(
    queries: FloatArray,
    folder: Path,
    absent: FloatArray,
    embedder: Embedder,
    kept: Callable[[str, Callable[[], FloatArray]], FloatArray],
) -> None:
    """Print section 1 for the photographs of MS COCO."""
    described = json.loads((folder / "captions.json").read_text(encoding="utf-8"))
    by_name = {photograph["file"]: photograph["captions"] for photograph in described}
    paths = sorted(folder.glob("*.jpg"))
    library = kept("coco", lambda: embed(embedder, paths))
    said = [(row, text) for row, path in enumerate(paths) for text in by_name[path.name]]
    texts = kept("coco_captions", lambda: embedder.encode_texts([text for _, text in said]))
    unrelated = BackgroundDistribution(queries, library)
    true = np.array(
        [unrelated.deviations(text, library)[row] for (row, _), text in zip(said, texts, strict=True)]
    )
    found = [answered(unrelated, text, library)[row] for (row, _), text in zip(said, texts, strict=True)]
    empty = [not answered(unrelated, text, library).any() for text in absent]
    print(
        f"  MS COCO, {len(paths)} photographs, {len(said)} captions: true pairs {true.mean():.2f} ± {true.std():.2f}"
    )
    print(f"    true hits kept {np.mean(found):.3f}, unanswered queries without hits {np.mean(empty):.2f}")


def answered(unrelated: BackgroundDistribution, query: FloatArray, library: FloatArray) -> np.ndarray:
    """Return a mask of the pictures that the program would list as matches."""
    relevance = curve(unrelated.deviations(query, library))
    return np.asarray((relevance >= CUT) & (relevance.max() >= sure(len(library))))


def class_names(
    queries: FloatArray, objects: FloatArray, labels: np.ndarray, unseen: list[str], words: FloatArray
) -> None:
    """Print section 2: names of classes."""
    everything = BackgroundDistribution(queries, objects[:: max(1, len(objects) // SAMPLE)])
    mixed, alike, alone = [], [], []
    for label, text in zip(unseen, words, strict=True):
        own = objects[labels == label]
        mixed.append(answered(everything, text, objects)[labels == label].mean())
        alike.append(answered(BackgroundDistribution(queries, own), text, own).mean())
        alone.append(
            np.mean(
                [answered(BackgroundDistribution(queries, one[None]), text, one[None])[0] for one in own[:5]]
            )
        )
    print(f"\nNames of {len(unseen)} held-out classes, true hits kept: among all "
          f"{len(objects):,} pictures {np.mean(mixed):.2f}, in libraries of one class {np.mean(alike):.2f}, "
          f"of one picture {np.mean(alone):.2f}")  # fmt: skip


def pictures(objects: FloatArray, labels: np.ndarray, unseen: list[str], photographs: FloatArray) -> None:
    """Print section 3: queries by picture."""
    unrelated = BackgroundDistribution(*(objects[:: max(1, len(objects) // SAMPLE)],) * 2)
    true, nearest, false = [], [], []
    for row in np.flatnonzero(np.isin(labels, unseen))[::4]:
        measured = unrelated.deviations(objects[row], objects)
        same = np.char.startswith(
            labels, labels[row].split("_")[0]
        )  # two folders of faces, two of crocodiles
        false += measured[~same].tolist()
        same[row] = False
        true += measured[same].tolist()
        nearest += np.sort(measured[same])[-5:].tolist()
    none_alike = [shown_of(unrelated.deviations(photograph, objects)) for photograph in photographs[:200]]
    kept, near, wrong = (np.mean(curve(np.array(each)) >= CUT) for each in (true, nearest, false))
    print(f"  {np.mean(true):.2f} ± {np.std(true):.2f}, kept {kept:.2f}, of the five nearest {near:.3f}")
    print(f"  others {wrong:.3f}")
    print(f"  photographs of Flickr8k over Caltech-101: shown {np.median(none_alike):.0f} (median), "
          f"of 1,851")  # fmt: skip
    random = np.random.default_rng(0)
    for count in (50, 100, len(photographs)):
        shown = []
        for _ in range(max(1, 400 // count)):
            library = photographs[random.permutation(len(photographs))[:count]]
            by_these = BackgroundDistribution(library[:SAMPLE], library[:SAMPLE])
            shown += [shown_of(by_these.deviations(query, library)) - 1 for query in library[:50]]
        print(f"  one of {count:4} Flickr8k photographs over the others: shown {np.median(shown):.0f} (median), "
              f"share without hits {np.mean(np.array(shown) <= 0):.2f}")  # fmt: skip


def shown_of(deviations: FloatArray) -> int:
    """Return the number of pictures listed for a query by picture, where no hit has to be ``sure``."""
    return int((curve(deviations) >= CUT).sum())


def teacher(file: Path, names: list[str]) -> None:
    """Print section 4: random pairs with trained CLIP vectors."""
    with np.load(file) as stored:
        by_name = dict(zip(stored["names"].tolist(), stored["vectors"], strict=True))
    vectors = np.stack([by_name[name] for name in names]).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    unrelated = BackgroundDistribution(vectors[:SAMPLE], vectors[:SAMPLE])
    measured = np.stack([unrelated.deviations(vector, vectors) for vector in vectors[SAMPLE:]])
    others = measured[measured < np.inf]
    print(f"  genuine CLIP ViT-B/16: self {np.diag(measured[:, SAMPLE:]).mean():.1f}, two "
          f"{others.mean():.2f} ± {others.std():.2f}, above cutoff {np.mean(curve(others) >= CUT):.3f}")  # fmt: skip


def other_measures(queries: FloatArray, library: FloatArray, texts: FloatArray, absent: FloatArray) -> None:
    """Print section 5: comparison with other measures."""
    judge = BackgroundScores(queries, library[:SAMPLE]).judge(texts[0], has_words=True, pictures=0)
    assert judge is not None
    from_bank = library @ queries.T
    mean, spread = from_bank.mean(axis=1), from_bank.std(axis=1)

    def softmax(scores: FloatArray) -> FloatArray:
        return np.asarray(100 * scores - np.log(np.exp(100 * from_bank).sum(axis=1)), np.float32)

    def over_library(scores: FloatArray) -> FloatArray:
        return np.asarray((scores - scores.mean(axis=1, keepdims=True)) / scores.std(axis=1, keepdims=True))

    measures: dict[str, Callable[[FloatArray], FloatArray]] = {
        "relevance": lambda query: np.stack([judge.unrelated.deviations(each, library) for each in query]),
        "plain cosine": lambda query: query @ library.T,
        "softmax against the bank": lambda query: softmax(query @ library.T),
        "normalised by picture": lambda query: (query @ library.T - mean) / spread,
        "normalised by library": lambda query: over_library(query @ library.T),
    }
    print(
        "\nWith 95 % of the true captions kept: hits of an unanswered query; share of such queries without hits"
    )
    for name, measure in measures.items():
        true, wrong = np.diag(measure(texts)), measure(absent)
        shown = (wrong >= np.quantile(true, 0.05)).sum(axis=1)
        print(f"  {name:26} {shown.mean():5.1f}  {np.mean(shown == 0):.2f}")


def auc(true: FloatArray, false: FloatArray) -> float:
    """Return the area under the ROC curve: the share of (true, false) pairs in which the true value is higher."""
    return float(np.mean(np.searchsorted(np.sort(false), true) / false.size))


if __name__ == "__main__":
    main()
