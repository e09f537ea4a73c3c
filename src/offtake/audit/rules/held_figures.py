"""Key figures about what is held, who sells it, and how safely it serves, recomputed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal

from offtake.instance.months import Month
from offtake.instance.pools import supplies
from offtake.instance.workloads import served

from ..books import Books
from ..ledger import Ledger
from ..numbers import ONE, ZERO, exact
from ..report import ROW_TOLERANCE, USD_TOLERANCE

Figure = Decimal | list[str | None] | dict[str, Decimal]
"""as in `figures`"""
NOTHING: list[str | None] = [None]


def delivered_hours(books: Books) -> Decimal:
    """Accelerator-hours that contracts deliver in the horizon."""
    months = books.calendar.months
    return sum((leg.delivered_hours(name, months) for leg in books.all_legs for name in leg.counts), ZERO)


def _utilisation_at_peak(books: Books, money: Ledger) -> Figure:
    """Accelerators of contracts in use in the busiest block, over those held, by hours."""
    bought = [pool for pool in books.pools if books.limit(pool, 0) is None]
    busiest, delivered = ZERO, delivered_hours(books)
    for period, _ in enumerate(books.calendar.periods):
        by_block = (
            sum((books.used.get((pool, period, block), ZERO) for pool in bought), ZERO)
            for block in range(books.calendar.blocks)
        )
        busiest += books.calendar.hours(period) * max(by_block)
    return busiest / delivered if delivered else NOTHING


def _accelerators_by_month(books: Books) -> dict[Month, Decimal]:
    """Usable accelerators of contracts, and those without a contract in their busiest block."""
    found = {
        month: sum((leg.delivered(name, month) for leg in books.all_legs for name in leg.counts), ZERO)
        for month in books.calendar.months
    }
    elastic = [key for key, p in books.pools.items() if p.accelerator is not None and books.limit(key, 0) is not None]
    for period, months in enumerate(books.calendar.periods):
        for pool in elastic:
            peak = max(books.used.get((pool, period, block), ZERO) for block in range(books.calendar.blocks))
            for month in months:
                found[month] += peak
    return found


def _accelerators_peak(books: Books, money: Ledger) -> Figure:
    return max(_accelerators_by_month(books).values())


def _accelerators_peak_months(books: Books, money: Ledger) -> Figure:
    """Months with that many, to a millionth."""
    by_month = _accelerators_by_month(books)
    least = max(by_month.values()) * (1 - ROW_TOLERANCE)
    return [str(month) for month, count in by_month.items() if count >= least > 0] or NOTHING


def _power_shares(books: Books) -> dict[tuple[str, Month], Decimal]:
    """(provider, month) -> its share of the megawatts in service."""
    found = {}
    for month in books.calendar.months:
        drawn: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for leg in books.all_legs:
            drawn[leg.supply.provider] += leg.drawn_mw(month)
        total = sum(drawn.values(), ZERO)
        found |= {(provider, month): mw / total for provider, mw in drawn.items() if total > 0}
    return found


def _share_of_power(books: Books, money: Ledger) -> Figure:
    return max(_power_shares(books).values(), default=NOTHING)


def _most_power(books: Books, money: Ledger) -> Figure:
    """Providers with that share in some month."""
    return [provider for provider, _ in _largest(_power_shares(books))] or NOTHING


def _most_power_months(books: Books, money: Ledger) -> Figure:
    """Months in which some provider has it."""
    return [str(month) for _, month in _largest(_power_shares(books))] or NOTHING


def _spend_by_provider(books: Books, money: Ledger) -> dict[str, Decimal]:
    """Undiscounted payments inside the horizon, but for ports, which no provider is paid for."""
    sellers = {**supplies(books.instance), **books.instance.commitments}
    found: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for (month, line, payee), usd in money.cash.items():
        if line != "ports" and month <= books.calendar.months[-1]:
            found[sellers[payee].provider] += usd
    return dict(found)


def _share_of_spend(books: Books, money: Ledger) -> Figure:
    spend = _spend_by_provider(books, money)
    total = sum(spend.values(), ZERO)
    return max(spend.values()) / total if total > USD_TOLERANCE / 2 else NOTHING


def _most_spend(books: Books, money: Ledger) -> Figure:
    """Providers that are paid as much as that."""
    spend = _spend_by_provider(books, money)
    return _largest(spend) if sum(spend.values(), ZERO) > USD_TOLERANCE / 2 else NOTHING


def _largest(shares: Mapping) -> list:
    """Keys of the largest, to a millionth."""
    most = max(shares.values(), default=ZERO)
    return [key for key, share in shares.items() if share >= most - abs(most) * ROW_TOLERANCE]


def _safety_by_workload(books: Books, money: Ledger) -> Figure:
    """Burst x headroom / availability, that of the supplies that serve, weighted by what they serve."""
    known, found = supplies(books.instance), {}
    for key, workload in served(books.instance).items():
        weights: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for (pool, who, period), use in books.mean_use.items():
            if who == key:
                weights[pool] += use * books.rate(pool, key, period) * books.calendar.hours(period)
        total = sum(weights.values(), ZERO)
        parts = (exact(known[books.pools[pool].supply].availability) * weight for pool, weight in weights.items())
        available = sum(parts, ZERO) / total if total else ONE
        found[key] = exact(workload.demand.peak_to_mean) * exact(workload.headroom) / available
    return found


FIGURES: dict[str, Callable[[Books, Ledger], Figure]] = {
    "utilisation_at_peak": _utilisation_at_peak,
    "accelerators_peak": _accelerators_peak,
    "accelerators_peak_month": _accelerators_peak_months,
    "largest_provider_share_mw": _share_of_power,
    "largest_provider_mw": _most_power,
    "largest_provider_mw_month": _most_power_months,
    "largest_provider_share_spend": _share_of_spend,
    "largest_provider_spend": _most_spend,
    "safety_by_workload": _safety_by_workload,
}
