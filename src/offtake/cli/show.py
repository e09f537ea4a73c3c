"""`offtake show`: a saved plan as a page of text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import options, terminal

if TYPE_CHECKING:
    from offtake.plan import Plan


@click.command("show")
@options.plan_argument
@click.option("--scenario", metavar="NAME", help="Of a plan for several futures: the plan of one of them.")
@terminal.json_option
@terminal.debug_option
def command(plan_path: Path, scenario: str | None, as_json: bool) -> None:
    """Print a saved plan.

    Deals to sign, capacity, service, cash, obligations, and why each offer was taken or not.
    """
    from offtake import plan

    saved = plan.load(plan_path)
    page((saved if scenario is None else _future(saved, scenario)).to_document(), as_json)
    terminal.next_step("audit", str(plan_path))


def _future(saved: Plan, scenario: str) -> Plan:
    """The plan of one future. Raises click.BadParameter for a scenario that the plan does not have."""
    with _whole():
        futures = saved.futures
    if scenario not in futures:
        known = ", ".join(futures) or "none: it is a plan for one future"
        raise click.BadParameter(f"the plan has no scenario {scenario!r}; it has {known}", param_hint="--scenario")
    return futures[scenario]


def page(document: dict[str, Any], as_json: bool) -> None:
    """A plan on standard output."""
    if as_json:
        terminal.show_json(document)
        return
    from . import render

    with _whole():
        sections = render.plan(document, terminal.width())
    terminal.show(*sections)


@contextmanager
def _whole() -> Iterator[None]:
    """What stumbles over a document that was changed by hand raises PlanError."""
    from offtake.plan import PlanError

    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, StopIteration, TypeError, ValueError) as error:
        detail = f"{type(error).__name__}: {error}"
        raise PlanError(f"the plan holds a value that it cannot hold ({detail}); `offtake audit` says more") from error
