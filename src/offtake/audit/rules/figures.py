"""The figures at the head of a plan that an audit recomputes. The other key figures are not audited."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ..books import Books
from ..claim import number, shown
from ..ledger import Ledger
from ..numbers import ZERO, exact, figure, usd
from ..report import USD_TOLERANCE, Check

Figure = Decimal | list[str | None]
"""A number, or the texts that will do: more than one where months tie."""
NOTHING: list[str | None] = [None]
"""for a figure that has no meaning in this plan"""


def key_figures_follow(check: Check, books: Books, money: Ledger) -> None:
    """Dollars among the key figures agree to the cent, shares and unit costs to 1e-6, months exactly."""
    for name, recompute in KEY_FIGURES.items():
        if name in books.claim.kpis:
            _compare(check, name, books.claim.kpis[name], recompute(books, money))


def _compare(check: Check, name: str, printed: Any, expected: Figure) -> None:
    if isinstance(expected, list):
        if check.fails(printed in expected):
            texts = " or ".join(text or "null" for text in expected)
            check.find(f"the plan prints {name} as {shown(printed)}; it is {texts}")
        return
    dollars = name.endswith("_usd")
    write = usd if dollars else figure
    if printed is None or isinstance(printed, str):
        check.fails(False)
        check.find(f"the plan prints {name} as {shown(printed)}; it is {write(expected)}")
        return
    value = number(printed, f"kpis.{name}")
    if check.misprints(value, expected) if dollars else check.unequal(value, expected):
        check.find(f"the plan prints {name} as {write(value)}; it is {write(expected)}")


def _cost(books: Books, money: Ledger) -> Decimal:
    """The objective."""
    return money.objective


def _npv_cash(books: Books, money: Ledger) -> Decimal:
    """Present value of every payment at its real date."""
    return sum((books.calendar.discount(month) * paid for month, paid in money.cash_by_month.items()), ZERO)


def _cash_in_horizon(books: Books, money: Ledger) -> Decimal:
    """Undiscounted payments inside the horizon."""
    last = books.calendar.months[-1]
    return sum((paid for month, paid in money.cash_by_month.items() if month <= last), ZERO)


def _peak_obligations(books: Books, money: Ledger) -> Decimal:
    """Most that is owed after any month."""
    return max(money.obligations.values(), default=ZERO)


def _peak_obligations_months(books: Books, money: Ledger) -> Figure:
    """Months after which that much is owed, to the cent; nothing if nothing ever is."""
    least = max(_peak_obligations(books, money) - USD_TOLERANCE, ZERO)
    return [str(month) for month, owed in money.obligations.items() if owed > least] or NOTHING


def _share_served(books: Books, money: Ledger) -> Figure:
    """Mean requests served over mean requests asked for."""
    asked = sum((_requests(books, workload, period) for workload in books.demand for period in _periods(books)), ZERO)
    return 1 - sum(_refused(books).values(), ZERO) / asked if asked else NOTHING


def _utilisation(books: Books, money: Ledger) -> Figure:
    """Accelerator-hours at work over those that contracts deliver in the horizon."""
    months = books.calendar.months
    delivered = sum(
        (contract.delivered_hours(name, months) for contract in books.contracts.values() for name in contract.counts),
        ZERO,
    )
    bought = [pool for pool in books.pools if books.limit(pool, 0) is None]
    used = sum((hours for (pool, _), hours in books.used_hours.items() if pool in bought), ZERO)
    return used / delivered if delivered else NOTHING


def _usd_per_million_tokens(books: Books, money: Ledger) -> Figure:
    """Cost less penalties, over the discounted tokens served, in millions."""
    refused, tokens = _refused(books), ZERO
    for workload in books.demand:
        request = books.instance.workloads[workload].request
        each = exact(request.input_tokens) + exact(request.output_tokens) * exact(request.reasoning_multiplier)
        for period in _periods(books):
            served = _requests(books, workload, period) - refused.get((workload, period), ZERO)
            tokens += books.calendar.period_discount(period) * served * each
    return (money.objective - money.cost["unserved"]) * 10**6 / tokens if tokens > 0 else NOTHING


def _periods(books: Books) -> range:
    return range(len(books.calendar.periods))


def _requests(books: Books, workload: str, period: int) -> Decimal:
    """Requests asked for in a period, on the mean."""
    provision = books.demand[workload].provision[period]
    return sum((books.mean_requests(workload, period, block, rate) for block, rate in enumerate(provision)), ZERO)


def _refused(books: Books) -> dict[tuple[str, int], Decimal]:
    """Requests left unserved, on the mean, by workload and period."""
    found: dict[tuple[str, int], Decimal] = {}
    for workload, period, block, _, rate in books.decisions.unserved:
        left = books.mean_requests(workload, period, block, rate)
        found[workload, period] = found.get((workload, period), ZERO) + left
    return found


KEY_FIGURES: dict[str, Callable[[Books, Ledger], Figure]] = {
    "cost_usd": _cost,
    "npv_cash_usd": _npv_cash,
    "cash_in_horizon_usd": _cash_in_horizon,
    "peak_obligations_usd": _peak_obligations,
    "peak_obligations_month": _peak_obligations_months,
    "share_served": _share_served,
    "utilisation": _utilisation,
    "usd_per_million_tokens": _usd_per_million_tokens,
}
"""Name in the plan -> how it is recomputed."""
