"""Store: one object for all tables of a library."""

from contextlib import AbstractContextManager
from pathlib import Path

from imagefinder.store.calibrations import CalibrationTable
from imagefinder.store.cloud_files import CloudTable
from imagefinder.store.connection import Database, library_errors
from imagefinder.store.embeddings import EmbeddingTable
from imagefinder.store.files import FileTable
from imagefinder.store.items import ItemTable
from imagefinder.store.model_choice import ModelChoice
from imagefinder.store.pending import PendingTable
from imagefinder.store.sources import SourceTable
from imagefinder.store.suspects import SuspectTable
from imagefinder.store.text_search import TextSearch
from imagefinder.store.texts import TextTable


class Store:
    """Opens ``library.db`` and provides its tables. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Open the database, and create or migrate it if necessary.

        Raises:
            LibraryError: the file is damaged, from a newer version, or cannot be written.
        """
        self.path = path
        self._db = Database(path)
        self.sources = SourceTable(self._db)
        self.files = FileTable(self._db)
        self.pending = PendingTable(self._db)
        self.cloud = CloudTable(self._db)
        self.words = TextTable(self._db)
        self.items = ItemTable(self._db, self.words)
        self.embeddings = EmbeddingTable(self._db)
        self.calibrations = CalibrationTable(self._db)
        self.texts = TextSearch(self._db, self.words)
        self.suspects = SuspectTable(self._db)
        self.models = ModelChoice(self._db)

    def transaction(self) -> AbstractContextManager[object]:
        """Return a transaction, which commits all writes in its block together or not at all.

        Nested ones join it.
        """
        return self._db.transaction()

    def errors(self) -> AbstractContextManager[None]:
        """Convert database errors in the ``with`` block into a LibraryError with a message for the user."""
        return library_errors(self.path)

    def close(self) -> None:
        """Close the connections of all threads."""
        self._db.close()
