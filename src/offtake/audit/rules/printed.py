"""What the plan prints: every dollar of its tables, its objective, bound and gap.

The tables `capacity`, `service` and `offers` are not audited: they restate the decisions, which are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from decimal import Decimal
from typing import TypeVar

from ..books import Books
from ..claim import ClaimedDeal, shown
from ..contracts import Contract
from ..ledger import Ledger
from ..numbers import ZERO, figure, usd
from ..report import USD_TOLERANCE, Check

Key = TypeVar("Key", bound=Hashable)


def deals_described(check: Check, books: Books, money: Ledger) -> None:
    """The table of deals gives the provider, months, accelerators and megawatts of the offers signed."""
    for position, contract in books.deals.items():
        deal = books.claim.deals[position]
        for what, printed, recomputed in _texts(deal, contract):
            if check.fails(printed == recomputed):
                check.find(f"deal {position} of {deal.offer} prints {what} {shown(printed)}; it is {recomputed}")
        for what, printed, recomputed in _amounts(deal, contract):
            if check.unequal(printed, recomputed):
                check.find(
                    f"deal {position} of {deal.offer} prints {figure(printed)} {what}; "
                    f"{figure(contract.blocks)} blocks are {figure(recomputed)}"
                )


def _texts(deal: ClaimedDeal, contract: Contract) -> list[tuple[str, object, object]]:
    return [
        ("the provider", deal.provider, contract.supply.provider),
        ("a term in months of", deal.months, contract.term.months),
    ]


def _amounts(deal: ClaimedDeal, contract: Contract) -> list[tuple[str, Decimal, Decimal]]:
    total = sum(contract.counts.values(), ZERO)
    rows = [
        ("accelerators", deal.accelerators, contract.blocks * total),
        ("MW", deal.power_mw, contract.blocks * contract.block_power_mw),
    ]
    for name in dict.fromkeys([*deal.accelerators_by_type, *contract.counts]):
        known = name if name in contract.counts else shown(name)
        rows.append(
            (
                f"accelerators of type {known}",
                deal.accelerators_by_type.get(name, ZERO),
                contract.blocks * contract.counts.get(name, ZERO),
            )
        )
    return rows


def deal_cash_to_the_cent(check: Check, books: Books, money: Ledger) -> None:
    """The cash of every deal is the sum of all its payments that do not depend on use, undiscounted."""
    for position, contract in books.deals.items():
        printed = books.claim.deals[position].cash_usd
        if check.misprints(printed, contract.fixed_cash):
            check.find(
                f"deal {position} of {contract.supply_id} prints {usd(printed)} of cash; "
                f"its payments sum to {usd(contract.fixed_cash)}"
            )


def deal_npv_to_the_cent(check: Check, books: Books, money: Ledger) -> None:
    """The net present value of every deal is what the objective is charged for it."""
    terminal = books.instance.finance.terminal
    for position, contract in books.deals.items():
        printed, charge = books.claim.deals[position].npv_usd, contract.charge(books.calendar)
        if check.misprints(printed, charge):
            check.find(
                f"deal {position} of {contract.supply_id} prints a net present value of {usd(printed)}; "
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


def bound_below_objective(check: Check, books: Books, money: Ledger) -> None:
    """The proven bound is not above the objective."""
    bound, objective = books.claim.bound_usd, books.claim.objective_usd
    if check.exceeds(bound, objective):
        check.find(f"the bound of {usd(bound)} is above the objective of {usd(objective)}: one of them is wrong")


def gap_follows(check: Check, books: Books, money: Ledger) -> None:
    """The gap is (objective - bound) / |objective|, and an optimal plan is within the gap asked for.

    A plan that costs nothing has no relative gap.
    """
    claim = books.claim
    if abs(claim.objective_usd) <= USD_TOLERANCE:
        return
    expected = (claim.objective_usd - claim.bound_usd) / abs(claim.objective_usd)
    if check.unequal(claim.gap, expected):
        check.find(f"the plan prints a gap of {figure(claim.gap)}; its objective and bound give {figure(expected)}")
    if claim.status == "optimal" and check.exceeds(expected, claim.gap_asked):
        check.find(
            f"the plan calls itself optimal at a gap of {figure(expected)}; "
            f"the gap asked for is {figure(claim.gap_asked)}"
        )


def _summed(rows: Iterable[tuple[Key, Decimal]]) -> dict[Key, Decimal]:
    found: dict[Key, Decimal] = defaultdict(lambda: ZERO)
    for key, amount in rows:
        found[key] += amount
    return dict(found)


def _plain(name: str) -> str:
    """A name as it is if it could be an id, else quoted and shortened."""
    return name if name.isascii() and name.isprintable() and len(name) <= 80 else shown(name)
