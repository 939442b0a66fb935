"""Names of the model that a library is searched with, and of the one it is being switched to."""

import json

from imagefinder.store.connection import Database

_IN_USE, _NEXT, _DROPS_OLD, _UNWANTED = "model", "next_model", "drops_old_vectors", "unwanted_vectors"


class ModelChoice:
    """Reads and writes the names of models; ``None`` where there is none."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @property
    def in_use(self) -> str | None:
        """The model in use; None before the library's first use."""
        return self._read(_IN_USE)

    @in_use.setter
    def in_use(self, name: str) -> None:
        self._write({_IN_USE: name})

    @property
    def next(self) -> str | None:
        """The model that the library is being switched to, if any."""
        return self._read(_NEXT)

    @property
    def drops_old(self) -> bool:
        """Whether the vectors of the current model are deleted once the switch is complete."""
        return self._read(_DROPS_OLD) is not None

    def begin_change(self, name: str, *, drops_old: bool) -> None:
        """Begin a switch to this model, replacing another switch under way."""
        self._write({_NEXT: name, _DROPS_OLD: "1" if drops_old else None})

    def end_change(self, *, switch: bool) -> None:
        """End the switch: put the next model in use if ``switch`` is True, else cancel it."""
        with self._db.transaction():
            switched = {_IN_USE: self.next} if switch and self.next else {}
            self._write({**switched, _NEXT: None, _DROPS_OLD: None})

    @property
    def unwanted(self) -> list[str]:
        """Ids of embedders whose vectors are to be deleted, some of which may have been deleted already."""
        return list(json.loads(self._read(_UNWANTED) or "[]"))

    @unwanted.setter
    def unwanted(self, embedder_ids: list[str]) -> None:
        self._write({_UNWANTED: json.dumps(embedder_ids) if embedder_ids else None})

    def _read(self, key: str) -> str | None:
        row = self._db.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else None

    def _write(self, values: dict[str, str | None]) -> None:
        with self._db.transaction() as connection:
            for key, value in values.items():
                if value is None:
                    connection.execute("DELETE FROM meta WHERE key = ?", (key,))
                else:
                    connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))
