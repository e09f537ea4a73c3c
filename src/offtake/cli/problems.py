"""What is wrong with an instance, as the user sees it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from . import exits, terminal, words

if TYPE_CHECKING:
    from offtake.instance import Instance
    from offtake.instance.diagnostics import Diagnostic

STYLES = {"error": "bold red", "warning": "bold yellow"}


def boxes(diagnostics: Iterable[Diagnostic]) -> list[Text]:
    """One box per error or warning, with a coloured first word."""
    from offtake.instance.diagnostics import render

    found = []
    for entry in diagnostics:
        box = Text(render(entry) + "\n")
        box.stylize(STYLES[entry.severity], 0, len(f"{entry.severity}[{entry.code}]"))
        found.append(box)
    return found


def counted(diagnostics: Iterable[Diagnostic]) -> str:
    """`2 errors, 1 warning`."""
    severities = [entry.severity for entry in diagnostics]
    said = [words.plural(severities.count(kind), kind) for kind in STYLES if kind in severities]
    return ", ".join(said) or "no errors, no warnings"


def load(ctx: click.Context, path: Path, settings: Iterable[str] = ()) -> Instance:
    """The instance in a file; its warnings are counted. Ends the command if the file is not valid."""
    from offtake.instance import inspect

    found = inspect(path, settings)
    if found.instance is None:
        terminal.say(*boxes(found.errors), f"{path} is not valid: {counted(found.diagnostics)}")
        ctx.exit(exits.INVALID_INPUT)
    if found.warnings:
        terminal.say(f"{path}: {counted(found.warnings)}; `offtake check` shows them")
    return found.instance
