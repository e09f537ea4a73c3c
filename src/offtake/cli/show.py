"""`offtake show`: a saved plan as a page of text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import options, terminal


@click.command("show")
@options.plan_argument
@terminal.json_option
@terminal.debug_option
def command(plan_path: Path, as_json: bool) -> None:
    """Print a saved plan.

    Deals to sign, capacity, service, cash, obligations, and why each offer was taken or not.
    """
    from offtake import plan

    document = plan.load(plan_path).to_document()
    page(document, as_json)
    terminal.next_step("audit", str(plan_path))


def page(document: dict[str, Any], as_json: bool) -> None:
    """A plan on standard output."""
    if as_json:
        terminal.show_json(document)
        return
    from offtake.plan import PlanError

    from . import render

    try:
        sections = render.plan(document, terminal.width())
    except (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        detail = f"{type(error).__name__}: {error}"
        raise PlanError(f"the plan holds a value that it cannot hold ({detail}); `offtake audit` says more") from error
    terminal.show(*sections)
