"""Reinforcement learning: rollouts are generated while their run may learn, and as many as it is to learn from."""

from __future__ import annotations

from ..books import Books
from ..ledger import Ledger
from ..numbers import exact, figure
from ..report import Check
from ..training import runs_of


def generated_in_window(check: Check, books: Books, money: Ledger) -> None:
    """Rollouts are generated in periods in which their run may learn."""
    for run in runs_of(books):
        first, _, last = run.window
        for period in run.rollouts_by_period:
            if check.fails(first <= period <= last):
                check.find(
                    f"{run.source} are generated in {books.calendar.name(period)}; {run.key} may learn from "
                    f"{books.calendar.periods[first][0]} to {books.calendar.periods[last][-1]}"
                )


def generated_in_all(check: Check, books: Books, money: Ledger) -> None:
    """As many rollouts are generated as the instance asks for, and none in vain."""
    for run in runs_of(books):
        if run.source is None:
            continue
        asked, made = exact(run.stated.written.rollouts), sum(run.rollouts_by_period.values())
        if check.unequal(asked, made):
            check.find(f"{figure(made)} of {run.source} are generated; {figure(asked)} are to be")
