"""What the plan prints: every dollar of its tables, and its objective.

Tables without dollars are under `tables`. Reasons of offers are words of the plan, and not audited.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from decimal import Decimal
from typing import TypeVar

from ..books import Books
from ..claim import ClaimedDeal
from ..follow_ons import Deed
from ..ledger import Ledger
from ..numbers import ZERO, figure, usd
from ..reading import shown
from ..report import Check

Key = TypeVar("Key", bound=Hashable)


def deals_described(check: Check, books: Books, money: Ledger) -> None:
    """The table of deals gives the provider, months, accelerators and megawatts of the offers signed."""
    for position, deed in books.deeds.items():
        deal = books.claim.deals[position]
        for what, printed, recomputed in _texts(deal, deed):
            if check.fails(printed == recomputed):
                check.find(f"deal {position} of {deal.offer} prints {what} {shown(printed)}; it is {recomputed}")
        for what, printed, recomputed in _amounts(deal, deed):
            if check.unequal(printed, recomputed):
                check.find(
                    f"deal {position} of {deal.offer} prints {figure(printed)} {what}; "
                    f"{figure(deed.blocks)} blocks are {figure(recomputed)}"
                )


def _texts(deal: ClaimedDeal, deed: Deed) -> list[tuple[str, object, object]]:
    return [
        ("the provider", deal.provider, deed.supply.provider),
        ("a term in months of", deal.months, deed.length),
    ]


def _amounts(deal: ClaimedDeal, deed: Deed) -> list[tuple[str, Decimal, Decimal]]:
    held, printed = deed.accelerators, deal.accelerators_by_type
    rows = [("accelerators", deal.accelerators, sum(held.values(), ZERO)), ("MW", deal.power_mw, deed.power_mw)]
    for name in dict.fromkeys([*printed, *held]):
        known = name if name in held else shown(name)
        rows.append((f"accelerators of type {known}", printed.get(name, ZERO), held.get(name, ZERO)))
    return rows


def deal_cash_to_the_cent(check: Check, books: Books, money: Ledger) -> None:
    """The cash of every deal is the sum of all its payments that do not depend on use, undiscounted."""
    for position, deed in books.deeds.items():
        printed, paid = books.claim.deals[position].cash_usd, sum((entry.usd for entry in deed.due), ZERO)
        if check.misprints(printed, paid):
            check.find(
                f"deal {position} of {deed.supply_id} prints {usd(printed)} of cash; its payments sum to {usd(paid)}"
            )


def deal_npv_to_the_cent(check: Check, books: Books, money: Ledger) -> None:
    """The net present value of every deal is what the objective is charged for it."""
    terminal = books.instance.finance.terminal
    for position, deed in books.deeds.items():
        printed, charge = books.claim.deals[position].npv_usd, deed.charge(books.calendar)
        if check.misprints(printed, charge):
            check.find(
                f"deal {position} of {deed.supply_id} prints a net present value of {usd(printed)}; "
                f"its payments, discounted and charged by the terminal rule {terminal}, are {usd(charge)}"
            )


def cash_to_the_cent(check: Check, books: Books, money: Ledger) -> None:
    """The cash table holds what is paid, by month, line and offer."""
    printed = _summed(((row.month, row.line, row.offer), row.usd) for row in books.claim.cash)
    for key in sorted(printed.keys() | money.cash.keys()):
        month, line, offer = key
        said, paid = printed.get(key, ZERO), money.cash.get(key, ZERO)
        if check.misprints(said, paid):
            check.find(
                f"the cash table prints {usd(said)} of {_plain(line)} for {_plain(offer)} in {month}; it is {usd(paid)}"
            )


def obligations_to_the_cent(check: Check, books: Books, money: Ledger) -> None:
    """The table of obligations holds what is still owed after each month."""
    printed = _summed((row.month, row.usd) for row in books.claim.obligations)
    for month in sorted(printed.keys() | money.obligations.keys()):
        said, owed = printed.get(month, ZERO), money.obligations.get(month, ZERO)
        if check.misprints(said, owed):
            check.find(f"the table of obligations prints {usd(said)} after {month}; {usd(owed)} are still owed")


def cost_to_the_cent(check: Check, books: Books, money: Ledger) -> None:
    """The cost by line is recomputed from the decisions."""
    printed = _summed((row.line, row.usd) for row in books.claim.cost)
    for line in dict.fromkeys([*money.cost, *sorted(printed)]):
        said, cost = printed.get(line, ZERO), money.cost.get(line, ZERO)
        if check.misprints(said, cost):
            check.find(f"the cost table prints {usd(said)} for {_plain(line)}; the decisions cost {usd(cost)}")


def objective_is_the_cost(check: Check, books: Books, money: Ledger) -> None:
    """The objective is the cost of the decisions, and the cost table sums to it, to 1e-6 relative."""
    said = books.claim.objective_usd
    if check.unequal(said, money.objective):
        check.find(f"the plan prints an objective of {usd(said)}; its decisions cost {usd(money.objective)}")
    total = sum((row.usd for row in books.claim.cost), ZERO)
    if check.unequal(said, total):
        check.find(f"the plan prints an objective of {usd(said)}; the lines of its cost table sum to {usd(total)}")


def _summed(rows: Iterable[tuple[Key, Decimal]]) -> dict[Key, Decimal]:
    found: dict[Key, Decimal] = defaultdict(lambda: ZERO)
    for key, amount in rows:
        found[key] += amount
    return dict(found)


def _plain(name: str) -> str:
    """A name as it is if it could be an id, else quoted and shortened."""
    return name if name.isascii() and name.isprintable() and len(name) <= 80 else shown(name)
