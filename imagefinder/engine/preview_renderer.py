"""Rendering of one item for the preview: picture, details, and positions of the query's words."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from imagefinder.domain.errors import UnreadableError, UsageError
from imagefinder.domain.items import FileStat, ItemDetails, Region
from imagefinder.domain.reasons import ReasonCode
from imagefinder.engine.indexing.cloud_detection import CloudDetector, look
from imagefinder.isolation.decoders import Decoders
from imagefinder.readers.reader import MediaFile
from imagefinder.readers.reader_registry import explain
from imagefinder.store.items import ItemRecord
from imagefinder.store.store import Store
from imagefinder.store.terms import terms_of
from imagefinder.thumbnails.cache import LEAST_SIDE, ThumbnailCache, thumbnail_key
from imagefinder.thumbnails.previews import preview_file
from imagefinder.translation import tr

_MOST_MARKS = 500
"""Maximum number of words marked on a page. With more, the whole page would be marked."""


class _OnlineOnlyError(UnreadableError):
    """Raised if opening the file would download it, and no download was requested."""


@dataclass(frozen=True, slots=True)
class ShownItem:
    """An item rendered for the preview."""

    item_id: int
    """Id of the item of the requested part; of the requested item if the library has no item for that part."""
    details: ItemDetails
    picture: Path | None
    """Path of a JPEG, upright and in sRGB. If the file cannot be read: its thumbnail, or None without one."""
    marks: tuple[Region, ...]
    """Regions of the page where words of the query stand."""
    problem: str
    """One sentence that says why the file cannot be read now; empty if it can."""
    is_in_the_cloud: bool = False
    """Whether the file was left unopened because opening it would download it."""


class PreviewRenderer:
    """Renderer of the items of one library. Safe to use from several threads."""

    def __init__(
        self,
        store: Store,
        thumbnails: ThumbnailCache,
        decoders: Decoders,
        cloud: Callable[[], CloudDetector] | None = None,
    ) -> None:
        """Create a renderer; ``cloud`` makes the detector of online-only files."""
        self._cloud = cloud or CloudDetector
        self._store = store
        self._decoders = decoders
        self._thumbnails = thumbnails

    def show(
        self, item_id: int, part: int | None, side: int, words: str, folder: Path, *, download: bool = False
    ) -> ShownItem:
        """Render an item; see ``Engine.show``."""
        record, part = self._record(item_id, part)
        camera, problem = "", ""
        picture: Path | None = None
        marks: tuple[Region, ...] = ()
        is_in_the_cloud = False
        try:
            if not download:
                self._refuse_to_download(record)
            with self._decoders.open(record.path) as media:
                camera = media.camera
                picture = self._render(media, record, part, side, folder)
                marks = tuple(_marks(media, part, words))[:_MOST_MARKS]
        except (UnreadableError, OSError) as error:
            problem = self._problem(record, error)
            is_in_the_cloud = isinstance(error, _OnlineOnlyError)
        if picture is None:
            key = thumbnail_key(record.hash, part)
            picture = self._thumbnails.path(key) if self._thumbnails.has(key) else None
        details = ItemDetails(
            path=record.path,
            part=part,
            parts=record.parts,
            kind=record.kind,
            size=record.size,
            mtime_ns=record.mtime_ns,
            width=record.width,
            height=record.height,
            taken_at=record.taken_at,
            camera=camera,
            copies=tuple(self._store.files.copies(record.hash, but=record.file_id)),
        )
        return ShownItem(record.id, details, picture, marks, problem, is_in_the_cloud)

    def thumbnail(self, item_id: int) -> Path:
        """Return the path of an item's thumbnail; see ``Engine.make_thumbnail``."""
        record = self._store.items.record(item_id)
        if record is None:
            raise UnreadableError(ReasonCode.NOT_IN_LIBRARY)
        key = thumbnail_key(record.hash, record.part)
        if self._thumbnails.has(key):
            return self._thumbnails.path(key)
        try:
            self._refuse_to_download(record)
            found = FileStat.of(record.file, record.path.stat())
            if (found.size, found.mtime_ns) != (record.size, record.mtime_ns):
                # The key belongs to the old content: every copy of it would get a thumbnail of the new one.
                raise UnreadableError(ReasonCode.CHANGED)
            with self._decoders.open(record.path) as media:
                made = self._thumbnails.put(key, media.load(record.part, LEAST_SIDE).image)
        except OSError as error:
            raise UnreadableError(explain(error)) from error
        if made is None:
            raise UnreadableError(ReasonCode.THUMBNAILS_NOT_WRITABLE)
        return made

    def _refuse_to_download(self, record: ItemRecord) -> None:
        if look(self._cloud(), record.path):
            raise _OnlineOnlyError(ReasonCode.ONLINE_ONLY)

    def _record(self, item_id: int, part: int | None) -> tuple[ItemRecord, int]:
        """Return the record of the requested part and the part's number.

        If that part could not be read and has no item, it is the record of the requested item.
        """
        record = self._store.items.record(item_id)
        if record is None:
            raise UsageError(tr("This picture is not in the library any more. Search again."))
        part = record.part if part is None else part
        if not 1 <= part <= record.parts:
            raise UsageError(tr("There is no page {number} in {name}.", number=part, name=record.path.name))
        if part != record.part:
            other = self._store.items.id_of(record.file_id, part)
            record = (self._store.items.record(other) if other is not None else None) or record
        return record, part

    @staticmethod
    def _render(media: MediaFile, record: ItemRecord, part: int, side: int, folder: Path) -> Path:
        # Named after the file as it is now, which may differ from the file as it was indexed.
        status = record.path.stat()
        name = f"{record.hash.hex()[:32]}-{status.st_size}-{status.st_mtime_ns}-{part}-{side}.jpg"
        longer, shorter = max(record.width, record.height), max(min(record.width, record.height), 1)
        # Readers expect the length of the shorter side.
        wanted = max(math.ceil(side * shorter / max(longer, 1)), 1)
        return preview_file(folder / name, side, lambda: media.load(part, wanted).image)

    @staticmethod
    def _problem(record: ItemRecord, error: UnreadableError | OSError) -> str:
        if isinstance(error, _OnlineOnlyError):
            return tr("{name} is in the cloud and not on this disk.", name=record.path.name)
        if record.gone:
            return tr(
                "{name} is no longer there: its folder was moved, renamed or deleted.", name=record.path.name
            )
        if record.offline:
            return tr(
                "{name} is on a drive that is not connected now. Connect it to see the picture.",
                name=record.path.name,
            )
        return tr(
            "{name} cannot be shown: {reason}.",
            name=record.path.name,
            reason=explain(error),
        )


def _marks(media: MediaFile, part: int, words: str) -> Iterator[Region]:
    for term in terms_of(words) if words.strip() else ():
        for phrases in term.to_mark:
            found = [region for phrase in phrases for region in media.find(part, phrase)]
            yield from found
            if found:
                break
