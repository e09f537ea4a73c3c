"""Ports: no accelerator serves a model that its software family does not run yet."""

from __future__ import annotations

from ..books import Books
from ..ledger import Ledger
from ..numbers import ZERO, figure, usd
from ..reading import shown
from ..report import Check


def ported_once(check: Check, books: Books, money: Ledger) -> None:
    """A port begins at most once."""
    begun = [(row.model, row.family) for row in books.decisions.ported]
    for model, family in dict.fromkeys(begun):
        times = begun.count((model, family))
        if check.fails(times == 1):
            check.find(f"the port of {model} to {family} begins {times} times")


def ported_before_use(check: Check, books: Books, money: Ledger) -> None:
    """Accelerators of a family serve a model only in periods that begin when its port is done."""
    for pool, workload, period, block, _, amount in books.decisions.serve:
        asked = books.port_of(pool, workload)
        if asked is None:
            continue
        begins, needs = books.ported.get(asked), books.asked_ports[asked].months
        early = not books.is_ported(pool, workload, period)
        if check.exceeds(amount if early else ZERO, ZERO):
            said = "is not made" if begins is None else f"is done in {begins + needs}"
            check.find(
                f"{workload} runs on {figure(amount)} of {pool} in {books.calendar.slot(period, block)}; the port of "
                f"{asked[0]} to {asked[1]} {said}"
            )


def ports_to_the_cent(check: Check, books: Books, money: Ledger) -> None:
    """The table of ports holds those that begin, from when on they serve, and what they cost."""
    expected = {key: (begins, begins + books.asked_ports[key].months) for key, begins in books.ported.items()}
    printed = [(row.model, row.family) for row in books.claim.ports]
    if check.fails(sorted(printed) == sorted(expected)):
        said = ", ".join(shown(f"{model}/{family}") for model, family in printed) or "none"
        made = ", ".join(f"{model}/{family}" for model, family in expected) or "none"
        check.find(f"the table of ports has {said}; the decisions make {made}")
    for row in books.claim.ports:
        months, name = expected.get((row.model, row.family)), f"{row.model}/{row.family}"
        if months is None:
            continue
        if check.fails((row.start, row.ready) == months):
            told = f"from {row.start}, done in {row.ready}; it is from {months[0]}, done in {months[1]}"
            check.find(f"the table of ports prints {name} {told}")
        cost = sum((paid for (_, line, key), paid in money.cash.items() if (line, key) == ("ports", name)), ZERO)
        if check.misprints(row.usd, cost):
            check.find(f"the table of ports prints {usd(row.usd)} for {name}; it is {usd(cost)}")
