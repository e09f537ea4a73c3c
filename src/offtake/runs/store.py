"""Folders of runs: written whole or not at all, and removed so."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from . import manifest as manifests
from .errors import RunError
from .index import Index, Unusable

if TYPE_CHECKING:
    from ..plan import Plan
    from .manifest import Manifest

MANIFEST, PLAN, INDEX = "manifest.json", "plan.json", "index.sqlite3"
UNFINISHED = ".unfinished-"
"""prefix of folders that are being written or removed; what a crash leaves of them is no run"""
STALE_S = 24 * 3600.0
"""an unfinished folder that has not changed for so long is nobody's any more"""


def keep(stated: Manifest, plan: Plan | None, folder: Path) -> None:
    """Keep a run. Raises OSError if its folder cannot be written; an index that cannot be is caught up later."""
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f"{UNFINISHED}{stated['id']}"
    beside.mkdir()
    try:
        if plan is not None:
            plan.save(beside / PLAN)
        _write(beside / MANIFEST, manifests.text(stated))
        _sync(beside)
        beside.rename(folder / stated["id"])
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    _sync(folder)
    try:
        with Index(folder / INDEX) as index:
            index.add([stated])
    except Unusable:
        pass  # whoever reads the history next finds the folder


def _write(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Make names in a folder last, where the platform can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def ids(folder: Path) -> list[str]:
    """Runs in the folder, in no order that matters. Raises RunError if it cannot be read; no folder holds none."""
    try:
        return sorted(entry.name for entry in folder.iterdir() if manifests.ID.fullmatch(entry.name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"the runs in {folder} cannot be read: {error.strerror}") from None


def remove(folder: Path, run: str) -> None:
    """Remove a run, at once for everybody who looks. Raises OSError."""
    beside = folder / f"{UNFINISHED}{run}"
    try:
        (folder / run).rename(beside)
    except FileNotFoundError:  # another process has removed it
        return
    shutil.rmtree(beside, ignore_errors=True)


def leftovers(folder: Path) -> Iterator[Path]:
    """Folders that a crash has left, and that no process writes any more."""
    for entry in folder.glob(f"{UNFINISHED}*"):
        try:
            if time.time() - entry.stat().st_mtime > STALE_S:
                yield entry
        except FileNotFoundError:  # finished in the meantime
            continue
