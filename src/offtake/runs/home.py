"""Where the history stands."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

VARIABLE = "OFFTAKE_HOME"
"""names another folder; set to nothing, no history is kept"""


def runs_folder() -> Path | None:
    """The folder of runs: in OFFTAKE_HOME, or in the folder that the platform has for data of its users (on Linux
    XDG_DATA_HOME/offtake, by default ~/.local/share/offtake). None if no history is kept."""
    named = os.environ.get(VARIABLE)
    if named == "":
        return None
    home = Path(named) if named is not None else Path(platformdirs.user_data_dir("offtake", appauthor=False))
    return home.expanduser().absolute() / "runs"
