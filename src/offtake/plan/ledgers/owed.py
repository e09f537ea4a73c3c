"""What is still owed: by fiscal year, what it costs to leave, and for how long the money is locked in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...instance.months import Month
from ..tables import Row, month_name
from .holdings import Holding
from .promised import Promised

if TYPE_CHECKING:
    from ...compile import Compiled

YEARS = 5
"""fiscal years that stand on their own; the rest is `later`"""
LATER = "later"
HALF_A_CENT = 0.005
Owing = Holding | Promised
"""a contract held, or a spend commitment taken"""
PAY_OUT = "pay all that is owed"
GIVE_NOTICE = "give notice"
"""as soon as the break clause lets the buyer, for what is cheaper left so; what else is owed is paid"""


def dates(compiled: Compiled) -> list[int]:
    """Months whose end is a date of the ledgers: the first of the horizon, each that ends a fiscal year, the last."""
    first, begins = compiled.instance.horizon.start, compiled.instance.finance.fiscal_year_start
    last = len(compiled.problem.period_of) - 1
    ends = [m for m in range(last) if (first + m).fiscal_year(begins) != (first + (m + 1)).fiscal_year(begins)]
    return list(dict.fromkeys([0, *ends, last]))


def obligations_by_year(compiled: Compiled, held: list[Owing]) -> list[Row]:
    """Payments still to come of what is signed by a date, by fiscal year of payment, commenced and not apart.

    Year 1 is the fiscal year of the month after the date: the rest of it, where the date does not end a year.
    """
    first, begins = compiled.instance.horizon.start, compiled.instance.finance.fiscal_year_start
    rows = []
    for m in dates(compiled):
        date = first + m
        for commenced in (True, False):
            usd: dict[int | str, float] = dict.fromkeys([*range(1, YEARS + 1), LATER], 0.0)
            for holding in held:
                if holding.commenced(date) == commenced:
                    _add_up(usd, holding, m, first, begins)
            rows += [
                {"as_of": str(date), "commenced": commenced, "year": year, "usd": total}
                for year, total in usd.items()
                if total
            ]
    return rows


def _add_up(usd: dict[int | str, float], holding: Owing, m: int, first: Month, begins: int) -> None:
    """Add what a contract still has to pay after month m of the ledger to the fiscal years of payment."""
    current, due = (first + (m + 1)).fiscal_year(begins), holding.due_after(m)
    for later in np.flatnonzero(due):
        year = (first + int(later)).fiscal_year(begins) - current + 1
        usd[year if year <= YEARS else LATER] += float(due[later])


def termination(compiled: Compiled, held: list[Owing]) -> list[Row]:
    """The cheapest way out of each offer or contract at each month end, and what it costs."""
    ledger = len(compiled.problem.discount)
    offers = dict.fromkeys(holding.key for holding in held)
    mine = {key: [holding for holding in held if holding.key == key] for key in offers}
    usd = {key: sum((holding.owed for holding in mine[key]), np.zeros(ledger)) for key in offers}
    return [
        {"month": month_name(compiled, m), "offer": key, "way": _way(mine[key], m), "usd": float(usd[key][m])}
        for m in range(ledger)
        for key in offers
        if usd[key][m]
    ]


def _way(held: list[Owing], m: int) -> str:
    return GIVE_NOTICE if any(holding.pays_to_leave[m] for holding in held) else PAY_OUT


def lock_in(compiled: Compiled, held: list[Owing]) -> list[Row]:
    """Months from a date to the end of each contract, weighted by the dollars owed."""
    rows = []
    for m in dates(compiled):
        owed, months = _weighted(held, m)
        if owed:
            rows.append({"as_of": month_name(compiled, m), "owed_usd": owed, "months": months})
    return rows


def months_at_peak(compiled: Compiled, held: list[Owing]) -> float | None:
    """Lock-in when most is owed; None if nothing ever is."""
    owed = _total_owed(compiled, held)
    worst = int(np.flatnonzero(owed > owed.max() - HALF_A_CENT)[0])
    return _weighted(held, worst)[1] if owed.any() else None


def ratio_to_debt(compiled: Compiled, held: list[Owing]) -> float | None:
    """Peak obligations over the stated debt; None if none is stated."""
    debt = compiled.instance.finance.debt_usd
    return None if debt is None else float(_total_owed(compiled, held).max()) / debt


def _total_owed(compiled: Compiled, held: list[Owing]) -> np.ndarray:
    return sum((holding.owed for holding in held), np.zeros(len(compiled.problem.discount)))


def _weighted(held: list[Owing], m: int) -> tuple[float, float]:
    """(dollars owed, mean months left weighted by them) after month m of the ledger."""
    owed = float(sum(holding.owed[m] for holding in held))
    weighted = sum(holding.locked_usd_months(m) for holding in held)
    return owed, weighted / owed if owed else 0.0
