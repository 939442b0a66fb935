"""Search panes with real collaborators and a client without an engine."""

from collections.abc import Sequence
from pathlib import Path

from helpers.fake_client import FakeClient
from PySide6.QtCore import QObject

from imagefinder.domain.queries import Hit
from imagefinder.ipc.messages import Hits, Search
from imagefinder.settings import Settings
from imagefinder.ui.dragdrop.drop_cache import DropCache
from imagefinder.ui.dragdrop.link_fetcher import LinkFetcher
from imagefinder.ui.search.search_pane import SearchPane
from imagefinder.ui.services.desktop import Desktop
from imagefinder.ui.services.thumbnail_loader import ThumbnailLoader


class PaneParts:
    """Creates panes. ``close`` ends their threads."""

    def __init__(self, client: FakeClient, folder: Path) -> None:
        self.client = client
        self.owner = QObject()
        self.thumbnails = ThumbnailLoader(client, folder / "thumbnails", self.owner)
        self.desktop = Desktop(self.owner)
        self.dropped = DropCache(folder / "dropped")
        self.fetcher = LinkFetcher(Settings, self.owner)

    def make(self, pane_id: int) -> SearchPane:
        return SearchPane(self.client, pane_id, self.thumbnails, self.dropped, self.fetcher, self.desktop)

    def close(self) -> None:
        self.thumbnails.close()
        self.desktop.close()
        self.owner.deleteLater()


def searches(client: FakeClient, pane: SearchPane) -> list[Search]:
    """Return a pane's search requests, latest last."""
    return [each for each in client.sent if isinstance(each, Search) and each.pane == pane.pane_id]


def answer(client: FakeClient, search: Search, hits: Sequence[Hit], **more: object) -> None:
    """Emit hits as the engine's answer to a search."""
    known = {"has_more": False, "model": "ViT-B-32", "took_ms": 12.0, "offset": 0} | more
    client.hits_received.emit(
        Hits(request_id=search.request_id, pane=search.pane, hits=tuple(hits), **known)  # type: ignore[arg-type]
    )
