"""The Python API, over the same engine as the command line."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from imagefinder.addresses import given_path, given_picture
from imagefinder.domain.devices import DEVICES
from imagefinder.domain.errors import ModelError, UsageError
from imagefinder.domain.jobs import IndexReport, ProgressCallback, no_progress
from imagefinder.domain.library import LibraryStatus, ModelChange
from imagefinder.domain.model_names import RemovedModel
from imagefinder.domain.queries import Hit, Query, SearchResult
from imagefinder.domain.sources import SourceOptions
from imagefinder.embedders import model_registry as embedders
from imagefinder.engine.engine import Engine
from imagefinder.engine.indexing.cancel import CancelToken
from imagefinder.paths import default_places
from imagefinder.readers import reader_registry as readers
from imagefinder.thumbnails.cache import ThumbnailCache
from imagefinder.translation import tr

if TYPE_CHECKING:
    from imagefinder.embedders.embedder import Embedder, FloatArray

AnyPath = str | os.PathLike[str]


class ImageFinder:
    """A library of pictures and pages on this machine. A context manager; made by ``open``.

    ``ImageFinderError`` and its kinds (``imagefinder.domain.errors``) are what its methods raise; each
    message is a sentence for the user.
    """

    def __init__(self, engine: Engine, models_dir: Path, *, is_model_named: bool) -> None:
        self.engine = engine
        self.models_dir = models_dir
        self.is_model_named = is_model_named
        """Whether the caller or the environment named the model, rather than the library or what there is."""

    @classmethod
    def open(
        cls, library_dir: AnyPath | None = None, *, model: str | None = None, device: str = "auto"
    ) -> Self:
        """Open a library, creating it where there is none.

        Args:
            library_dir: its folder; by default ``IMAGEFINDER_LIBRARY``, else the user's own data folder.
            model: a name of ``imagefinder models list``, or open_clip's ``ARCHITECTURE/TAG``; by default
                ``IMAGEFINDER_MODEL``, else the one the library was made with, else the best one that is on
                this machine. Nothing is downloaded.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``.

        Raises:
            LibraryError: the library cannot be used.
            UsageError: no such device name.
        """
        if device not in DEVICES:
            raise UsageError(
                tr(
                    "There is no device called “{device}”. Choose from: {devices}.",
                    device=device,
                    devices=", ".join(DEVICES),
                )
            )
        places = default_places(library_dir)
        wanted = model or os.environ.get("IMAGEFINDER_MODEL") or None

        def make_embedder(name: str | None) -> "Embedder":
            from imagefinder.embedders.runtime.runtime_choice import RuntimeSetting

            runtimes = RuntimeSetting.from_environment(places.runtimes)
            chosen = name or embedders.default_model(places.models)
            return embedders.create(chosen, device, places.models, runtimes)

        engine = Engine(
            places.library, make_embedder, ThumbnailCache(places.thumbnails), readers.extensions(), wanted
        )
        return cls(engine, places.models, is_model_named=wanted is not None)

    def add(
        self,
        paths: AnyPath | Iterable[AnyPath],
        *,
        recursive: bool = True,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        extensions: Sequence[str] = (),
        download: bool = False,
        progress: ProgressCallback = no_progress,
        cancel: CancelToken | None = None,
    ) -> IndexReport:
        """Add folders, pictures or PDFs as sources and index them; a source that is there gets these options.

        Args:
            paths: one path or several.
            recursive: whether to look into subfolders.
            include: globs as in ``.gitignore``; when given, only files that match one are taken.
            exclude: such globs of files and folders to pass over.
            extensions: only these, such as ``["jpg", "pdf"]``; by default all that can be read.
            download: whether to read files that are online only (OneDrive, iCloud, Dropbox), too, which has the
                cloud's own program download them; by default they are counted in ``IndexReport.in_the_cloud``.
            progress: called now and then, on this thread, with a ``Progress``.
            cancel: stops the job when set from another thread.

        Raises:
            UsageError: a path does not exist, or nothing reads one of the extensions; nothing is added then.
            LibraryInUseError: another process is changing the library.
            ModelError: the model cannot be had.
        """
        options = SourceOptions(
            recursive=recursive,
            include=tuple(include),
            exclude=tuple(exclude),
            extensions=refuse_unknown_kinds(extensions),
        )
        return self.engine.jobs.add(_paths(paths), options, progress, cancel, download=download)

    def index(
        self,
        *,
        download: bool = False,
        progress: ProgressCallback = no_progress,
        cancel: CancelToken | None = None,
    ) -> IndexReport:
        """Bring every source up to date; what has not changed costs a ``stat``. ``download`` as in ``add``.

        Raises:
            LibraryInUseError: another process is changing the library.
            ModelError: the model cannot be had.
        """
        return self.engine.jobs.index(progress, cancel, download=download)

    def search(
        self,
        text: str = "",
        *,
        images: Iterable[AnyPath] = (),
        within: Iterable[AnyPath] = (),
        limit: int = 20,
        include_query_images: bool = False,
        include_rest: bool = False,
        min_score: float | None = None,
    ) -> list[Hit]:
        """Find by words, by pictures, or by both; the hits come in groups (``Hit.group``), in each the best first.

        What does not seem to match is left out, where the model's scores are calibrated (``Hit.relevance``).

        Args:
            text: words, in the languages the model knows.
            images: picture files that hits should look like. A ``str`` may be a ``file:`` or ``data:`` address.
            within: only files at or below these paths.
            limit: how many hits at most.
            include_query_images: whether the pictures in ``images`` may be hits themselves.
            include_rest: whether possible matches come too, after the others.
            min_score: the cosine that a hit has at least, -1 to 1; then nothing else is left out.

        Raises:
            UsageError: nothing is asked, a picture cannot be read, the limit is below 1, or ``min_score`` is no
                cosine.
            ModelError: the model cannot be had.
        """
        query = Query(
            text,
            images=tuple(_pictures(images)),
            within=tuple(_paths(within)),
            limit=limit,
            include_query_images=include_query_images,
            include_rest=include_rest,
            min_score=min_score,
        )
        return list(self.query(query).hits)

    def query(self, query: Query, progress: ProgressCallback = no_progress) -> SearchResult:
        """As ``search``, with the time it took and a note for the user. Its paths must be absolute.

        ``progress`` is called where the index has to be built first.
        """
        return self.engine.search(query, progress)

    def use_model(self, name: str, *, drop_old: bool = False, now: bool = False) -> ModelChange | None:
        """Have the library searched with another model; see ``LibraryModels.change``. ``index`` does the work."""
        return self.engine.models.change(name, drop_old=drop_old, now=now)

    def remove_model(self, name: str, *, with_vectors: bool = False) -> RemovedModel:
        """Delete the files of a model that was imported or downloaded, and ``with_vectors`` what this library
        indexed with it.

        Raises:
            UsageError: this library is searched with it, or being changed to it.
            ModelError: it is no such model, or cannot be deleted.
            LibraryInUseError: its vectors are to go, and another process is changing the library.
        """
        from imagefinder.embedders.catalogue.model_files import refuse_own_model, remove_model
        from imagefinder.embedders.download.model_download import is_here

        refuse_own_model(name)
        status = self.engine.status(unreadable=False)
        if name == status.model:
            raise UsageError(
                tr(
                    "This library is searched with {model}. Use another one first (imagefinder models use NAME), "
                    "then remove it.",
                    model=name,
                )
            )
        if status.change is not None and name == status.change.model:
            raise UsageError(
                tr(
                    "This library is being changed to {model}. Call that off first (imagefinder models use "
                    "{present}), then remove it.",
                    model=name,
                    present=status.model,
                )
            )
        vectors_id = embedders.id_of(name, self.models_dir)
        indexed = status.embedded.get(vectors_id, 0)
        try:
            freed = remove_model(name, self.models_dir)
        except ModelError:
            # Its files may be gone already; what was indexed with it can still be deleted.
            if not (with_vectors and indexed) or is_here(name, self.models_dir):
                raise
            freed = 0
        forgotten = self.engine.models.forget_vectors(vectors_id) if with_vectors and indexed else 0
        return RemovedModel(freed, indexed - forgotten, forgotten)

    def thumbnail(self, hit: Hit) -> Path | None:
        """A small JPEG of a hit (longer side up to 320 pixels); None where its file cannot be read now."""
        return self.engine.thumbnail(hit)

    def remove(self, paths: AnyPath | Iterable[AnyPath]) -> int:
        """Forget sources; the files themselves are not touched. Returns how many files were forgotten."""
        return self.engine.jobs.remove(_paths(paths))

    def status(self) -> LibraryStatus:
        """What is in the library: sources with counts, and files that cannot be read with reasons."""
        return self.engine.status()

    def embed_texts(self, texts: str | Iterable[str]) -> "FloatArray":
        """Vectors of texts (one alone is a list of one): (n, dimension) float32, unit length."""
        return self.engine.embedder.encode_texts([texts] if isinstance(texts, str) else list(texts))

    def embed_images(self, paths: Iterable[AnyPath]) -> "FloatArray":
        """Vectors of picture files: (n, dimension) float32, unit length.

        Raises:
            UsageError: a file cannot be read.
        """
        return self.engine.embed_images(_pictures(paths))

    def close(self) -> None:
        """Let go of the library and the model."""
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def refuse_unknown_kinds(extensions: Sequence[str]) -> tuple[str, ...]:
    """Extensions in lower case without the dot.

    Raises:
        UsageError: nothing reads files of one of them.
    """
    plain = tuple(extension.strip().lower().lstrip("*.") for extension in extensions)
    if unknown := sorted(set(plain) - readers.extensions()):
        raise UsageError(
            tr(
                "No reader for {kinds}. These kinds of file can be read: {known}.",
                kinds=", ".join(unknown),
                known=", ".join(sorted(readers.extensions())),
            )
        )
    return plain


def _paths(paths: AnyPath | Iterable[AnyPath]) -> list[Path]:
    return [given_path(path) for path in _several(paths)]


def _pictures(pictures: AnyPath | Iterable[AnyPath]) -> list[Path]:
    cache = default_places().dropped
    return [given_picture(picture, cache) for picture in _several(pictures)]


def _several(paths: AnyPath | Iterable[AnyPath]) -> Iterable[AnyPath]:
    return [paths] if isinstance(paths, str | os.PathLike) else paths
