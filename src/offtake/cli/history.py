"""The history of solves, as the commands use it: it never stands in the way of an answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import terminal

if TYPE_CHECKING:
    from offtake.instance import Instance
    from offtake.plan import Plan
    from offtake.solve import Outcome

Keep = Callable[..., None]


def keeper(instance: Instance, asked: dict[str, Any]) -> Keep:
    """Keeps the run that begins now. `asked`: its options. A history that cannot be written is said, and no more."""
    started = datetime.now(UTC)

    def keep(answer: Plan | Outcome, instance_path: Path, plan_path: Path | None = None) -> None:
        from offtake import runs
        from offtake.plan import Plan

        folder = runs.runs_folder()
        if folder is None:
            return
        paths = {"instance": instance_path, "plan": plan_path}
        files = {name: str(path.absolute()) for name, path in paths.items() if path is not None}
        stated = runs.manifest(instance, asked, started, answer, files)
        try:
            runs.keep(stated, answer if isinstance(answer, Plan) else None, folder)
        except OSError as error:
            terminal.say(f"this run is not in the history: {folder} cannot be written: {error.strerror}")

    return keep


def plan_path(prefix: str) -> Path | None:
    """The plan of the run whose id begins so; None if no history is kept. Raises RunError."""
    from offtake.runs import History, runs_folder

    folder = runs_folder()
    return None if folder is None else History(folder).plan_path(prefix)
