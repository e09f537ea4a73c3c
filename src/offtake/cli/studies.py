"""What commands that solve an instance many times share: options, how they run, and a folder of plans."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import options, terminal

if TYPE_CHECKING:
    from offtake.plan import Plan

jobs_option = click.option(
    "--jobs",
    type=click.IntRange(1, options.cores()),
    default=1,
    show_default=True,
    help="Processes that solve side by side.",
)


def gap_option(default: float) -> Callable[..., Any]:
    return click.option("--gap", type=options.GAP, default=default, show_default=True, help="Of each solve.")


def run(study: Callable[..., Any], *asked: Any, **limits: Any) -> Any:
    """What the study finds; what cannot be asked is wrong usage."""
    from offtake.study.bad_question import BadQuestion

    try:
        return study(*asked, progress=terminal.say, **limits)
    except BadQuestion as error:
        raise click.UsageError(f"{error}.") from None


def made(folder: Path) -> Path:
    """A folder for plans, asked for before the solves. Raises CannotWrite."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise terminal.CannotWrite(f"{folder} is no folder that can be written: {error.strerror}") from None
    return folder


def save(plans: Iterable[tuple[str, Plan]], folder: Path) -> None:
    """Write plans by name, and remove none that are there. Raises CannotWrite."""
    saved = dict(plans)
    for name, plan in saved.items():
        target = folder / f"{name}.plan.json"
        try:
            plan.save(target)
        except OSError as error:
            raise terminal.CannotWrite(f"{target} cannot be written: {error.strerror}") from None
    terminal.say(f"plans saved in {folder}: {len(saved)}")
