"""Training runs: in one place, as large as they may be, the same all day long, and done in time."""

from __future__ import annotations

from ..books import Books
from ..ledger import Ledger
from ..numbers import ONE, exact, figure
from ..report import Check
from ..training import runs_of


def trained_in_one_place(check: Check, books: Books, money: Ledger) -> None:
    """A training run holds one pool at a time."""
    for run in runs_of(books):
        for period, pools in run.places.items():
            if check.fails(len(pools) == 1):
                named = ", ".join(pools)
                check.find(f"{run.key} trains in {books.calendar.name(period)} on {named}; it holds one pool at a time")


def trained_at_scale(check: Check, books: Books, money: Ledger) -> None:
    """A training run takes no fewer accelerators than it must, and no more than it can use."""
    for run in runs_of(books):
        least, most = exact(run.stated.accelerators.min), exact(run.stated.accelerators.max)
        for period, pools in run.places.items():
            for pool, blocks in pools.items():
                small, large = check.exceeds(least, min(blocks)), check.exceeds(max(blocks), most)
                if small or large:
                    check.find(
                        f"{run.key} trains on {figure(min(blocks) if small else max(blocks))} of {pool} in "
                        f"{books.calendar.name(period)}; it takes {figure(least)} to {figure(most)}"
                    )


def trained_all_day(check: Check, books: Books, money: Ledger) -> None:
    """A training run takes as many accelerators in every block of the day."""
    for run in runs_of(books):
        for period, pools in run.places.items():
            for pool, blocks in pools.items():
                if check.unequal(min(blocks), max(blocks)):
                    check.find(
                        f"{run.key} trains on {figure(min(blocks))} to {figure(max(blocks))} of {pool} over the day in "
                        f"{books.calendar.name(period)}; it takes as many all day long"
                    )


def trained_in_window(check: Check, books: Books, money: Ledger) -> None:
    """A training run works between its earliest month and its deadline, or later where lateness has a price."""
    for run in runs_of(books):
        first, _, last = run.window
        for period in run.places:
            if check.fails(first <= period <= last):
                check.find(
                    f"{run.key} trains in {books.calendar.name(period)}; it may from "
                    f"{books.calendar.periods[first][0]} to {books.calendar.periods[last][-1]}"
                )


def paused_as_allowed(check: Check, books: Books, money: Ledger) -> None:
    """A training run stops and goes on later no more often than it may."""
    for run in runs_of(books):
        if check.fails(len(run.starts) <= 1 + run.stated.pauses_max):
            months = ", ".join(str(books.calendar.periods[period][0]) for period in run.starts)
            check.find(f"{run.key} begins or goes on in {months}; it may pause {run.stated.pauses_max} times")


def trained_in_time(check: Check, books: Books, money: Ledger) -> None:
    """A training run is done by its deadline, or said to be late in every period after it that begins with work left;
    and it is done at the end."""
    for run in runs_of(books):
        _, due, last = run.window
        for period in range(due, last + 1):
            late = period < last and period + 1 in run.late
            if not late and check.exceeds(ONE, run.done[period] / run.flop):
                check.find(
                    f"{run.key} has done {figure(run.done[period])} FLOP by the end of "
                    f"{books.calendar.periods[period][-1]}; {figure(run.flop)} had to be done by then"
                )
        for period in run.late:
            if check.fails(due < period <= last):
                check.find(f"{run.key} cannot be late in {books.calendar.name(period)}")
