"""The command line: one small module per command, a few lines each over the engine."""

from .group import main, run

__all__ = ["main", "run"]
