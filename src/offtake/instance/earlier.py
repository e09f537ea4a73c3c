"""An earlier plan beside the instance: the essentials of its deals take the place of its file name.

Only deals of their own count, not what follows from them; and of a plan for several futures those that are signed in
all of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import files
from .diagnostics import Span, at, shorten
from .tables import Report, inside, named
from .yaml12 import Row, Table

FORMAT = "offtake.plan/1"
MOST_BYTES = 64 * 2**20
ESSENTIALS = ("offer", "start", "signing", "months", "blocks")


class _NoPlan(Exception):
    """What is wrong with the file."""


def read_plan(document: Table, folder: Path, report: Report) -> None:
    """Replace the file name in `policy.keep_plan.plan` by the deals of that plan; report why it cannot be."""
    policy = document.get("policy")
    keep = policy.get("keep_plan") if isinstance(policy, Table) else None
    if not isinstance(keep, Table) or not isinstance(keep.get("plan"), str):
        return
    name, where = keep["plan"], keep.values_at["plan"]
    try:
        source = files.read(inside(folder, name, where), str(folder / name), "E026", MOST_BYTES)
        keep["plan"] = _rows(_deals(_parsed("\n".join(source.lines))), where)
    except files.Unreadable as error:
        report(named(error.diagnostic, name, where))
    except _NoPlan as error:
        help = "`offtake solve` writes plans; or list the deals here"
        report(at(where, "E027", f"{shorten(name)} is not a plan: {error}", help))


def _parsed(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise _NoPlan("it is not JSON") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise _NoPlan(f"it does not have the format {FORMAT}")
    return document


def _deals(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows of the table of deals that count."""
    rows, futures = document.get("deals"), document.get("futures", {})
    if not isinstance(rows, list) or not isinstance(futures, dict):
        raise _NoPlan("it has no table of deals")
    for row in rows:
        if not isinstance(row, dict) or not all(type(row.get(key)) in (str, int) for key in ESSENTIALS):
            raise _NoPlan(f"a deal of it lacks one of {', '.join(ESSENTIALS)}")
        scenarios = row.get("scenarios", [])
        if not row.get("right") and isinstance(scenarios, list) and len(scenarios) == len(futures):
            yield row


def _rows(deals: Iterator[dict[str, Any]], where: Span) -> Row:
    """The deals with their place: that of the file name."""
    rows = Row()
    for deal in deals:
        entry = Table()
        for key in ESSENTIALS:
            entry.put(key, where, deal[key], where)
        rows.put(entry, where)
    return rows
