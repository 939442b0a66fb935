"""Measurements behind the relevance constants: ``python benchmarks/relevance_constants.py --data DIR --keep FOLDER``.

``FOLDER`` is the folder that ``benchmarks/relevance.py --keep`` filled with vectors. For each constant of
``imagefinder/engine/search/relevance.py``, prints the results with other values. Also prints the results for single
words, which users type most; their true hits are the held-out photographs of Flickr8k for which at least two of the
five captions contain the word.
"""

import argparse
import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from relevance import SAMPLE, answered, auc
from starter_model import HELD_OUT, caltech

from imagefinder.domain.model_names import STARTER
from imagefinder.embedders import model_registry
from imagefinder.embedders.embedder import FloatArray
from imagefinder.engine.search import relevance
from imagefinder.engine.search.relevance import BackgroundDistribution, curve, sure

WORDS = {
    "people": "people|men|women|children|kids|crowd|group|players",
    "a person": "person|people|man|men|woman|women|child|children|boy|boys|girl|girls",
    "a man": "man|men", "a woman": "woman|women|lady", "children": "children|kids|boys|girls|child|boy|girl",
    "a boy": "boy|boys", "a girl": "girl|girls", "a dog": "dog|dogs", "dogs": "dogs", "a horse": "horse|horses",
    "water": "water|lake|ocean|river|pool|sea", "a beach": "beach", "snow": "snow|snowy", "grass": "grass|grassy",
    "a bicycle": "bike|bicycle|bicyclist|biker", "a motorcycle": "motorcycle|motorbike|dirt bike", "a car": "car",
    "a mountain": "mountain|mountains", "a street": "street|sidewalk", "a ball": "ball", "swimming pool": "pool",
    "a skateboarder": "skateboard|skateboarder|skateboarding", "climbing": "climb|climbing|climber",
    "surfing": "surf|surfer|surfing|surfboard", "jumping": "jumping|jumps|jump", "a crowd": "crowd",
    "a building": "building|buildings", "a hat": "hat",
}  # fmt: skip
"""Query words, and the words in a caption (a regular expression) that make a photograph a true hit."""


def main() -> None:
    """Run all measurements and print them."""
    parser = argparse.ArgumentParser(description="Measure the effect of the relevance constants.")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the training photographs")
    parser.add_argument("--keep", type=Path, required=True, help="the folder of vectors kept by relevance.py")
    parser.add_argument("--model", default=STARTER, help="the model of these vectors (default: %(default)s)")
    arguments = parser.parse_args()

    def kept(name: str) -> FloatArray:
        return np.asarray(np.load(arguments.keep / f"{name}.npy"), np.float32)

    bank, absent, photographs, texts = kept("bank"), kept("absent"), kept("flickr8k"), kept("captions")
    half, own_texts = photographs[1::2], texts[1::2]
    the_best_of_many(bank, photographs, absent)
    the_cut(bank, half, own_texts, absent)
    the_spread(bank, half, own_texts, absent)
    the_bank(bank, half, own_texts, absent)
    labels, _ = caltech(arguments.data / "caltech101")
    held_out = json.loads(HELD_OUT.read_text(encoding="utf-8"))
    the_habit(bank, kept("caltech101"), np.array(labels), set(held_out["caltech101"]), kept("classes"))
    captions = json.loads((arguments.data / "flickr8k_captions.json").read_text(encoding="utf-8"))
    embedder = model_registry.create(arguments.model, "auto", Path(tempfile.gettempdir()))
    words = embedder.encode_texts(list(WORDS))
    single_words(bank, photographs, words, [captions[name] for name in held_out["flickr8k"]])


def measured(bank: FloatArray, library: FloatArray, queries: FloatArray) -> FloatArray:
    """Return the deviations of all queries and pictures: (queries, pictures)."""
    unrelated = BackgroundDistribution(bank, library[:SAMPLE])
    return np.stack([unrelated.deviations(query, library) for query in queries])


def the_best_of_many(bank: FloatArray, photographs: FloatArray, absent: FloatArray) -> None:
    """Print how high the best of many unrelated pictures scores, as the basis of ``sure``."""
    print("Best picture for a query without an answer, in standard deviations")
    random = np.random.default_rng(0)
    for count in (1, 5, 20, 100, 500, 1000):
        best = []
        for _ in range(max(1, 100 // count)):
            library = photographs[random.permutation(len(photographs))[:count]]
            best += measured(bank, library, absent).max(axis=1).tolist()
        needed = next(at for at in np.arange(0, 9, 0.01) if curve(np.array([at]))[0] >= sure(count))
        print(f"  of {count:4}: {np.mean(best):.2f}, a tenth above {np.quantile(best, 0.9):.2f}; "
              f"sure from {needed:.1f} on")  # fmt: skip


def the_cut(bank: FloatArray, library: FloatArray, texts: FloatArray, absent: FloatArray) -> None:
    """Print the true hits lost and the unrelated pictures shown at other cutoffs."""
    true, wrong = np.diag(measured(bank, library, texts)), measured(bank, library, absent)
    print(f"\nCutoffs among {len(library)} pictures: true captions lost, unrelated pictures shown")
    for cut in (1.4, 1.8, 2.2, 2.6, 3.0):
        print(f"  {cut}: {np.mean(true < cut):.3f}  {np.mean(wrong >= cut):.4f}")


def the_spread(bank: FloatArray, library: FloatArray, texts: FloatArray, absent: FloatArray) -> None:
    """Compare a picture's own variance, the pooled one and their mean; and shares of the bank to trim."""
    unrelated = BackgroundDistribution(bank, library[:SAMPLE])
    own, common = unrelated._variances(library), unrelated._pooled
    true, wrong = measured(bank, library, texts), measured(bank, library, absent)
    print("\nArea under the curve, by the spread used as the divisor")
    for name, variance in (("own", own), ("half of each", (own + common) / 2), ("common", common)):
        factor = np.sqrt((own + common) / 2 / variance)
        print(f"  {name:12} {auc(np.diag(true * factor), (wrong * factor).ravel()):.4f}")
    print("Deviations of true pairs, by the share of the bank trimmed at each end")
    for share in (0.004, 0.02, 0.05):
        with constants(_TRIMMED=share):
            true = np.diag(measured(bank, library, texts))
        print(f"  {share:5}: {true.mean():.2f} ± {true.std():.2f}")


def the_bank(bank: FloatArray, library: FloatArray, texts: FloatArray, absent: FloatArray) -> None:
    """Print how many unrelated queries the bank needs, as means over random choices."""
    print(
        f"\nUnrelated pictures shown out of {len(library)} with 95 % of the true captions kept, by bank size"
    )
    random = np.random.default_rng(0)
    for size in (16, 32, 64, 128, len(bank)):
        shown = []
        for _ in range(1 if size == len(bank) else 5):
            some = bank[random.permutation(len(bank))[:size]]
            least = np.quantile(np.diag(measured(some, library, texts)), 0.05)
            shown.append((measured(some, library, absent) >= least).sum(axis=1).mean())
        print(f"  {size:4}: {np.mean(shown):.1f}")


def the_habit(
    bank: FloatArray, objects: FloatArray, labels: np.ndarray, held_out: set[str], words: FloatArray
) -> None:
    """Compare ways of subtracting a query's mean similarity to the whole library."""
    print("\nClass names, true hits kept: among all classes; in libraries of one class; false hits shown")
    unseen = [label for label in sorted(set(labels)) if label in held_out]
    spread = objects[:: max(1, len(objects) // SAMPLE)]
    for name, usual, strange in (
        ("always subtracted", 1e9, 2e9), ("fading out from 2 to 3", 2.0, 3.0), ("never", -2.0, -1.0),
    ):  # fmt: skip
        mixed, alike, false = [], [], []
        with constants(_USUAL=usual, _STRANGE=strange):
            everything = BackgroundDistribution(bank, spread)
            for label, text in zip(unseen, words, strict=True):
                is_own, shown = labels == label, answered(everything, text, objects)
                mixed.append(shown[is_own].mean())
                false.append(shown[~is_own].sum())
                own = objects[is_own]
                alike.append(answered(BackgroundDistribution(bank, own), text, own).mean())
        print(f"  {name:26} {np.mean(mixed):.2f}  {np.mean(alike):.2f}  {np.mean(false):.0f}")


def single_words(
    bank: FloatArray, photographs: FloatArray, words: FloatArray, captions: list[list[str]]
) -> None:
    """Print the results of single words; the broader a word, the less it discriminates."""
    deviations = measured(bank, photographs, words)
    print(f"\nSingle words over {len(photographs)} photographs: true hits; area; best; recall; precision")
    shares = []
    for (word, said), row in zip(WORDS.items(), deviations, strict=True):
        pattern = re.compile(rf"\b({said})\b", re.IGNORECASE)
        is_true = np.array([sum(bool(pattern.search(text)) for text in texts) >= 2 for texts in captions])
        shown = (curve(row) >= relevance.CUT) & (curve(row).max() >= sure(len(row)))
        shares.append(shown[is_true].mean())
        print(f"  {word:15} {is_true.sum():4}  {auc(row[is_true], row[~is_true]):.2f}  {row.max():.1f}  "
              f"{shares[-1]:.2f}  {is_true[shown].mean() if shown.any() else 0:.2f}")  # fmt: skip
    print(f"  mean recall over the words: {np.mean(shares):.2f}")


@contextmanager
def constants(**others: float) -> Iterator[None]:
    """Temporarily replace constants of ``imagefinder.engine.search.relevance``."""
    before = {name: getattr(relevance, name) for name in others}
    vars(relevance).update(others)
    try:
        yield
    finally:
        vars(relevance).update(before)


if __name__ == "__main__":
    main()
