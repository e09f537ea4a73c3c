"""One operating point of a tool's results, on its way to a measured row."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from ..diagnostics import Source, Span, at, shorten
from ..schema import MeasuredFile
from ..tables import Report
from ..yaml12 import LARGEST, Row, Table
from .names import Names

_MEND = "correct it, or leave the entry out"
_SHOWN = 3
"""places of one reason that a warning shows, after the first"""


class Reading(NamedTuple):
    """A file that is being read."""

    source: Source
    about: MeasuredFile
    where: Span
    """the place that names it"""
    names: Names
    report: Report


class Entry(NamedTuple):
    """What a file says of one point."""

    where: Span
    label: str
    """how messages call it, where the place alone does not tell: `entry 3`; empty for a line of a table"""
    facts: dict[str, Any]


class Fault(Exception):
    """An entry that is wrong: what, how to mend it, and which fact it is about."""

    def __init__(self, message: str, help: str = _MEND, key: str = ""):
        super().__init__(message)
        self.message, self.help, self.key = message, help, key


class Skip(Exception):
    """An entry that is right but of no use here: what it is, and why that is of no use."""

    def __init__(self, what: str, help: str):
        super().__init__(what)
        self.what, self.help = what, help


def positive(facts: dict[str, Any], key: str) -> float:
    """A number above 0 of an entry. Raises Fault if it is anything else."""
    value = facts.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LARGEST:
        found = _shown(value) if key in facts else "nothing"
        raise Fault(f"{key} must be a number above 0, got {found}", key=key)
    return float(value)


def text(facts: dict[str, Any], key: str) -> str:
    """Text of an entry, "" if there is none. Raises Fault if it is something else."""
    value = facts.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Fault(f"{key} must be text, got {_shown(value)}", key=key)
    return value.strip()


def collected(entries: list[Entry], read_one: Callable[[Entry], dict[str, Any]], report: Report) -> Row:
    """The rows of all entries that can be read and used.

    Faults are reported one by one; what is of no use is warned of once for each reason, with the first places.
    """
    rows, skipped = Row(), {}
    for entry in entries:
        try:
            facts = read_one(entry)
        except Fault as fault:
            report(at(_place(entry, fault.key), "E027", f"{_of(entry)}{fault.message}", fault.help))
        except Skip as skip:
            skipped.setdefault((skip.what, skip.help), []).append(entry)
        else:
            rows.put(_table(facts, entry.where), entry.where)
    for (what, help), unused in skipped.items():
        _warn(what, help, unused, report)
    return rows


def finite(value: float, what: str) -> float:
    """A figure that was worked out. Raises Fault if it is no measurement any more."""
    if not math.isfinite(value) or not 0 < value <= LARGEST:
        raise Fault(f"{what} comes out as {value:g}")
    return value


def _shown(value: Any) -> str:
    """A value as the file has it."""
    return shorten(value if isinstance(value, str) else json.dumps(value, default=str), 40)


def _place(entry: Entry, key: str) -> Span:
    return entry.facts.values_at.get(key, entry.where) if isinstance(entry.facts, Table) else entry.where


def _of(entry: Entry) -> str:
    return f"{entry.label}: " if entry.label else ""


def _table(facts: dict[str, Any], where: Span) -> Table:
    table = Table()
    for key, value in facts.items():
        if value is not None:
            table.put(key, where, value, where)
    return table


def _warn(what: str, help: str, unused: list[Entry], report: Report) -> None:
    first, *others = unused
    rows = "this row is not used" if not others else f"{len(unused)} rows are not used"
    also = [(entry.where, "and here") for entry in others[:_SHOWN]]
    if len(others) > _SHOWN:
        also[-1] = (also[-1][0], f"and here, and in {len(others) - _SHOWN} more places")
    report(at(first.where, "W008", f"{_of(first) if not others else ''}{what}: {rows}", help, also=tuple(also)))
