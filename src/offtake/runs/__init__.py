"""The history of solves: one folder for each, with its manifest and its plan, and an index that can be made again.

    HOME/runs/<id>/manifest.json    what was asked, what came of it, and with which versions
    HOME/runs/<id>/plan.json        the plan, if there is one
    HOME/runs/index.sqlite3         the manifests, to look them up

A folder appears whole or not at all and never changes. The index holds nothing that the folders do not hold: what it
lacks, by a crash or a second process, is read from them.
"""

from .errors import RunError
from .history import History
from .home import runs_folder
from .manifest import manifest
from .store import keep

__all__ = ["History", "RunError", "keep", "manifest", "runs_folder"]
