"""Where a plan goes: asked before the solve, and never lost after it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import terminal

if TYPE_CHECKING:
    from offtake.plan import Plan


INSTANCE_SUFFIXES = (".yaml", ".yml")


def is_instance(path: Path) -> bool:
    """Where a command takes both: an instance is YAML, and a plan is JSON."""
    return path.suffix in INSTANCE_SUFFIXES


def plan_path(instance: Path, output: Path | None) -> Path:
    """Where the plan of an instance goes: `./<instance>.plan.json`, unless said. Never over the instance itself."""
    target = output or Path(f"{instance.stem}.plan.json")
    if target.resolve() == instance.resolve():
        raise click.BadParameter("the plan would overwrite the instance; name another file.", param_hint="-o")
    return target


def check_writable(target: Path) -> None:
    """Try the folder before the solve rather than after it. Raises CannotWrite."""
    try:
        if target.is_dir():
            raise terminal.CannotWrite(f"{target} is a folder; name a file in it")
        if target.exists() and not target.is_file():
            return
        with tempfile.NamedTemporaryFile(dir=target.resolve().parent, prefix=".offtake-"):
            pass
    except OSError as error:
        raise terminal.CannotWrite(f"{target} cannot be written: {error.strerror}") from None


def save(plan: Plan, target: Path) -> Path:
    """Write the plan and return where it is: in the folder for temporary files if its own place cannot be written.

    If that cannot be written either, the plan goes to standard output, and CannotWrite is raised.
    """
    try:
        plan.save(target)
    except OSError as error:
        terminal.say(f"error: {target} cannot be written: {error.strerror}")
        return _save_elsewhere(plan, target)
    terminal.say(f"plan saved: {target}")
    return target


def _save_elsewhere(plan: Plan, target: Path) -> Path:
    try:
        refuge = Path(tempfile.mkdtemp(prefix="offtake-")) / target.name
        plan.save(refuge)
    except OSError:
        terminal.show_json(plan.to_document())
        raise terminal.CannotWrite("the plan was printed to standard output, since it could not be saved") from None
    terminal.say(f"the plan is safe in {refuge}")
    return refuge
