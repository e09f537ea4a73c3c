"""The index of runs: a table of their manifests in SQLite, which can always be made again from the folders."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .manifest import Manifest

VERSION = 1
"""of the table below, as `user_version`; of another version it is made anew"""
TABLE = (
    "CREATE TABLE runs (id TEXT PRIMARY KEY, finished TEXT NOT NULL, instance TEXT NOT NULL, manifest TEXT NOT NULL)"
)
BUSY_S = 10.0
"""how long to wait for another process"""


class Unusable(Exception):
    """The file cannot be opened, written or waited for; it is not broken."""


class Index:
    """An index in a file, or in memory if none is named. Use it in a `with` statement. Everything raises Unusable.

    A file that is broken is replaced by an empty one.
    """

    def __init__(self, path: Path | None = None):
        self.path = path

    def __enter__(self) -> Index:
        try:
            try:
                self.connection = self._opened()
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                self._throw_away()
                self.connection = self._opened()
        except sqlite3.Error as error:
            raise Unusable(str(error)) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()
        if isinstance(error, sqlite3.OperationalError):
            raise Unusable(str(error)) from None
        if isinstance(error, sqlite3.DatabaseError):
            self._throw_away()
            raise Unusable(str(error)) from None

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path or ":memory:", timeout=BUSY_S, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version != VERSION:
                connection.execute("DROP TABLE IF EXISTS runs")
                connection.execute(TABLE)
                connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        return connection

    def _throw_away(self) -> None:
        """What it held is in the folders."""
        try:
            for name in (self.path.name, f"{self.path.name}-wal", f"{self.path.name}-shm"):
                self.path.with_name(name).unlink(missing_ok=True)
        except OSError as error:
            raise Unusable(str(error)) from None

    def add(self, manifests: Iterable[Manifest]) -> None:
        rows = [
            (stated["id"], stated["finished"], stated["instance"]["name"], json.dumps(stated)) for stated in manifests
        ]
        self.connection.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?)", rows)

    def forget(self, ids: Iterable[str]) -> None:
        self.connection.executemany("DELETE FROM runs WHERE id = ?", [(run,) for run in ids])

    def ids(self) -> list[str]:
        return [run for (run,) in self.connection.execute("SELECT id FROM runs")]

    def find(self, instance: str = "", prefix: str = "") -> list[Manifest]:
        """Manifests, the newest first: of instances with such text in their name, of ids with such a beginning."""
        found = self.connection.execute(
            "SELECT manifest FROM runs WHERE instr(lower(instance), lower(?)) AND substr(id, 1, ?) = ? "
            "ORDER BY finished DESC, id",
            (instance, len(prefix), prefix),
        )
        return [json.loads(text) for (text,) in found]
