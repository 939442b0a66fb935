"""Public Python API, over the same engine as the command line and the window."""

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
from imagefinder.translation import join_names, tr

if TYPE_CHECKING:
    from imagefinder.embedders.embedder import Embedder, FloatArray

AnyPath = str | os.PathLike[str]


class ImageFinder:
    """A library of pictures and PDF pages, opened with ``ImageFinder.open``.

    Use it in a ``with`` statement, or call ``close``. Its methods raise subclasses of ``ImageFinderError``
    (``imagefinder.domain.errors``), whose messages are sentences for the user.

    Example:
        with ImageFinder.open() as finder:
            finder.add("~/Pictures")
            for hit in finder.search("a dog on a beach"):
                print(hit.path, hit.part, hit.score)
    """

    def __init__(self, engine: Engine, models_dir: Path, *, is_model_named: bool) -> None:
        self.engine = engine
        """The engine behind this API, with further operations."""
        self.models_dir = models_dir
        """Folder of the model store."""
        self.is_model_named = is_model_named
        """Whether the caller or ``IMAGEFINDER_MODEL`` named the model. Otherwise library or default decides."""

    @classmethod
    def open(
        cls, library_dir: AnyPath | None = None, *, model: str | None = None, device: str = "auto"
    ) -> Self:
        """Open a library, creating it if it does not exist.

        Nothing is downloaded, and the model is not loaded until a method needs it.

        Args:
            library_dir: Folder of the library. Defaults to ``IMAGEFINDER_LIBRARY``, or else to a folder in
                the user's data directory.
            model: Name of a model, as listed by ``imagefinder models list``, or open_clip's
                ``ARCHITECTURE/TAG``. Defaults to ``IMAGEFINDER_MODEL``, or else to the model that the library
                uses, or else to the best model installed on this computer.
            device: Device that computes vectors: ``"auto"`` (the fastest one), ``"cpu"``, ``"cuda"`` or ``"mps"``.

        Returns:
            The open library.

        Raises:
            LibraryError: The library cannot be used.
            UsageError: The device name is unknown.
        """
        if device not in DEVICES:
            raise UsageError(
                tr(
                    "There is no device called “{device}”. Choose from: {devices}.",
                    device=device,
                    devices=join_names(DEVICES),
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
        """Add folders, pictures or PDFs as sources, and index them.

        If a path is a source already, its options are replaced by the ones given here.

        Args:
            paths: One path or several.
            recursive: Whether to index the subfolders of folders.
            include: Glob patterns, with the syntax of ``.gitignore``. If there are any, only files that match
                at least one of them are indexed.
            exclude: Glob patterns of files and folders to skip.
            extensions: File name extensions to index, for example ``["jpg", "pdf"]``. Defaults to all supported ones.
            download: Whether to index online-only files (OneDrive, iCloud, Dropbox) too, which makes the cloud
                client download them. Otherwise they are skipped, and counted in ``IndexReport.in_the_cloud``.
            progress: Called repeatedly, on the calling thread, with a ``Progress``.
            cancel: Token with which another thread can stop or pause the job. A stopped job raises nothing and
                keeps what it has indexed (``IndexReport.cancelled``).

        Returns:
            Counts of files by what was done with them.

        Raises:
            UsageError: A path does not exist, or one of the extensions is not supported. Nothing is added in
                this case.
            LibraryInUseError: Another process is changing the library.
            ModelError: The model is not available.
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
        """Bring all sources up to date.

        Unchanged files are recognised by size and modification time, without opening them.

        Args:
            download: Whether to index online-only files too; see ``add``.
            progress: Called repeatedly, on the calling thread, with a ``Progress``.
            cancel: Token with which another thread can stop or pause the job; see ``add``.

        Returns:
            Counts of files by what was done with them.

        Raises:
            LibraryInUseError: Another process is changing the library.
            ModelError: The model is not available.
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
        """Search by words, by pictures, or by both.

        Hits that do not seem to match are left out, unless the scores of the model are not calibrated
        (``Hit.relevance`` is None then).

        Args:
            text: Words to search for, in any language that the model supports.
            images: Picture files that hits should resemble. A ``str`` may also be a ``file:`` or ``data:`` URL.
            within: Paths to search. Only files at or below one of them are hits. Defaults to the whole library.
            limit: Maximum number of hits.
            include_query_images: Whether the pictures in ``images`` may be hits themselves.
            include_rest: Whether to append possible matches, the group of hits with low relevance.
            min_score: Minimum cosine similarity of a hit, from -1 to 1. If it is given, low relevance does
                not exclude a hit.

        Returns:
            At most ``limit`` hits, ordered by group (``Hit.group``) and within a group by decreasing relevance.

        Raises:
            UsageError: There is neither text nor a picture, the text is too long, a picture cannot be read,
                ``limit`` is below 1, or ``min_score`` is not between -1 and 1.
            ModelError: The model is not available.
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
        """Run a ``Query``, whose paths must be absolute.

        Args:
            query: The query.
            progress: Called with a ``Progress``, on the calling thread, if the vector index has to be built first.

        Returns:
            The hits, the time taken, and a note for the user.

        Raises:
            UsageError: The query is empty or invalid; see ``search``.
            ModelError: The model is not available.
        """
        return self.engine.search(query, progress)

    def use_model(self, name: str, *, drop_old: bool = False, now: bool = False) -> ModelChange | None:
        """Switch the library to another model.

        The switch completes at once if every item has been indexed with the new model. Otherwise the old
        model answers searches until ``index`` has indexed the remaining items. Naming the current model
        cancels a switch.

        Args:
            name: Name of an installed model.
            drop_old: Whether to delete the vectors of the old model once the switch is complete.
            now: Whether to switch at once, even if some items have not been indexed with the new model yet.

        Returns:
            The work that remains until the switch is complete, or None if the library uses the model now.

        Raises:
            ModelError: The model is not available. Nothing is changed in this case.
            LibraryInUseError: Another process is changing the library.
        """
        return self.engine.models.change(name, drop_old=drop_old, now=now)

    def remove_model(self, name: str, *, with_vectors: bool = False) -> RemovedModel:
        """Delete the files of an imported or downloaded model.

        Args:
            name: Name of the model.
            with_vectors: Whether to delete the vectors that this library has of the model as well.

        Returns:
            The disk space freed, and the numbers of vectors kept and deleted.

        Raises:
            UsageError: The library uses the model, or is being switched to it.
            ModelError: The model was neither imported nor downloaded, or its files cannot be deleted.
            LibraryInUseError: The vectors should be deleted, but another process is changing the library.
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
            # The files may have been deleted already. The vectors can still be deleted.
            if not (with_vectors and indexed) or is_here(name, self.models_dir):
                raise
            freed = 0
        forgotten = self.engine.models.forget_vectors(vectors_id) if with_vectors and indexed else 0
        return RemovedModel(freed, indexed - forgotten, forgotten)

    def thumbnail(self, hit: Hit) -> Path | None:
        """Return a small JPEG of a hit, from the cache or newly made.

        Returns:
            Path of a JPEG file whose longer side has at most 320 pixels, or None if the hit's file cannot be read.
        """
        return self.engine.thumbnail(hit)

    def remove(self, paths: AnyPath | Iterable[AnyPath]) -> int:
        """Remove sources from the library. The files on disk are not touched.

        Returns:
            Number of files removed from the library. Files that another source contains as well stay in it.

        Raises:
            UsageError: A path is not a source. Nothing is removed in this case.
            LibraryInUseError: Another process is changing the library.
        """
        return self.engine.jobs.remove(_paths(paths))

    def status(self) -> LibraryStatus:
        """Return the status of the library: sources with counts, the model, unreadable files. Loads no model."""
        return self.engine.status()

    def embed_texts(self, texts: str | Iterable[str]) -> "FloatArray":
        """Embed one text or several with the model of the library.

        Returns:
            Array of shape (n, dimension), dtype float32, with rows of unit length. n is 1 for a single text.

        Raises:
            ModelError: The model is not available.
        """
        return self.engine.embedder.encode_texts([texts] if isinstance(texts, str) else list(texts))

    def embed_images(self, paths: Iterable[AnyPath]) -> "FloatArray":
        """Embed picture files with the model of the library.

        Args:
            paths: Picture files. A ``str`` may also be a ``file:`` or ``data:`` URL.

        Returns:
            Array of shape (n, dimension), dtype float32, with rows of unit length.

        Raises:
            UsageError: A file cannot be read.
            ModelError: The model is not available.
        """
        return self.engine.embed_images(_pictures(paths))

    def close(self) -> None:
        """Close the library and release the model."""
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def refuse_unknown_kinds(extensions: Sequence[str]) -> tuple[str, ...]:
    """Return extensions in lower case and without the dot.

    Raises:
        UsageError: No reader supports one of them.
    """
    plain = tuple(extension.strip().lower().lstrip("*.") for extension in extensions)
    if unknown := sorted(set(plain) - readers.extensions()):
        raise UsageError(
            tr(
                "No reader for {kinds}. These kinds of file can be read: {known}.",
                kinds=join_names(unknown),
                known=join_names(sorted(readers.extensions())),
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
