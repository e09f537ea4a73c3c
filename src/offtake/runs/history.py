"""Runs looked up and cleared away. The folders are what counts; the index is brought up to them first."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from . import manifest as manifests
from . import store
from .errors import RunError
from .index import Index, Unusable

if TYPE_CHECKING:
    import pandas

    from .manifest import Manifest

COLUMNS = ("id", "finished", "instance", "status", "objective_usd", "bound_usd", "gap", "audit", "sha256")
LEAST_PREFIX = 4
"""letters of an id: fewer could be anything"""


class History:
    """The runs in a folder; see `runs_folder`."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.unreadable: list[str] = []
        """sentences on folders that are no runs, once `find` has met them"""

    def find(self, instance: str = "", prefix: str = "") -> list[Manifest]:
        """Manifests, the newest first: of instances with such text in their name, of ids that begin so.

        Raises RunError if the folder cannot be read.
        """
        for path in (self.folder / store.INDEX, None):
            try:
                with Index(path) as index:
                    self._catch_up(index)
                    return index.find(instance, prefix)
            except Unusable:  # nobody may write there, or it was broken: in memory then
                continue
        raise RunError(f"the runs in {self.folder} cannot be looked up")

    def _catch_up(self, index: Index) -> None:
        """Add what the index lacks, and forget what is gone."""
        there, known = store.ids(self.folder), set(index.ids())
        index.forget(known.difference(there))
        self.unreadable, found = [], []
        for run in there:
            if run not in known:
                try:
                    found.append(manifests.read(self.folder / run / store.MANIFEST))
                except RunError as error:
                    self.unreadable.append(str(error))
        index.add(found)

    def run(self, prefix: str) -> Manifest:
        """The one run whose id begins so. Raises RunError."""
        found = self.find(prefix=prefix) if len(prefix) >= LEAST_PREFIX else []
        if not found:
            raise RunError(
                f"there is no run {prefix!r} in {self.folder}; name {LEAST_PREFIX} letters of its id or more, as "
                "`offtake runs list` shows it"
            )
        if len(found) > 1:
            raise RunError(f"{prefix!r} begins the ids of {len(found)} runs: {', '.join(each['id'] for each in found)}")
        return found[0]

    def plan_path(self, prefix: str) -> Path:
        """The plan file of a run. Raises RunError, also if the run found no plan."""
        stated = self.run(prefix)
        path = self.folder / stated["id"] / store.PLAN
        if not path.is_file():
            raise RunError(f"the run {stated['id']} has no plan: {stated.get('message') or 'its file is gone'}")
        return path

    def table(self, instance: str = "") -> pandas.DataFrame:
        """The runs, the newest first; USD, times in UTC, `audit` whether it passed."""
        import pandas

        rows = [{**each, **row_of(each)} for each in self.find(instance)]
        return pandas.DataFrame(rows, columns=list(COLUMNS))

    def expendable(self, newest: int | None, days: float | None) -> list[Manifest]:
        """Runs that are neither among the newest so many nor younger than so many days; None keeps none."""
        since = None if days is None else datetime.now(UTC) - timedelta(days=days)
        return [
            stated
            for stated in self.find()[newest or 0 :]
            if since is None or datetime.fromisoformat(stated["finished"]) < since
        ]

    def leftovers(self) -> list[Path]:
        """Folders that crashes have left."""
        return sorted(store.leftovers(self.folder))

    def remove(self, runs: list[Manifest], leftovers: list[Path]) -> None:
        """Remove runs, and what crashes have left. Raises OSError."""
        for stated in runs:
            store.remove(self.folder, stated["id"])
        for entry in leftovers:
            shutil.rmtree(entry, ignore_errors=True)


def row_of(stated: Manifest) -> dict[str, object]:
    """What a table says of a run in place of the parts of its manifest."""
    audit = stated["audit"]
    own = stated["instance"]
    return {"instance": own["name"], "sha256": own["sha256"], "audit": None if audit is None else audit["passed"]}
