"""Resilience: what is left when something large is lost serves what must be kept."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from ..books import Books
from ..ledger import Ledger
from ..numbers import ZERO, exact, figure
from ..report import Check


def survives_any_loss(check: Check, books: Books, money: Ledger) -> None:
    """Without any one provider, site or family, the stated share of the named demand is served in every block."""
    rule, served = books.instance.policy.resilience, _served(books)
    for lost in books.losses if rule is not None else ():
        for workload in rule.workloads:
            for period, row in enumerate(books.demand[workload].provision):
                if rule.since is not None and books.calendar.periods[period][-1] < rule.since:
                    continue
                for block, asked in enumerate(row):
                    kept, needed = served[lost, workload, period, block], exact(rule.keep) * asked
                    if check.exceeds(needed, kept):
                        check.find(
                            f"without {lost}, {workload} keeps {figure(kept)} requests/s in "
                            f"{books.calendar.slot(period, block)}; {figure(needed)} must be served"
                        )


def _served(books: Books) -> dict[tuple[str, str, int, int], Decimal]:
    """Requests/s by loss, workload, period and block, on pools that are not lost and need no port that is not done."""
    found: dict[tuple[str, str, int, int], Decimal] = defaultdict(lambda: ZERO)
    for lost, pool, workload, period, block, _, amount in books.decisions.rerouted:
        if pool not in books.losses[lost] and books.is_ported(pool, workload, period):
            found[lost, workload, period, block] += amount * books.rate(pool, workload, period)
    return found


def rerouted_to_what_is_left(check: Check, books: Books, money: Ledger) -> None:
    """When something is lost, no pool serves more than it holds and has not let, or offers without signing."""
    used: dict[tuple[str, str, int, int], Decimal] = defaultdict(lambda: ZERO)
    for lost, pool, _, period, block, _, amount in books.decisions.rerouted:
        used[lost, pool, period, block] += amount
    for (lost, pool, period, block), amount in used.items():
        left = _left(books, pool, period)
        if check.exceeds(amount, left):
            check.find(
                f"without {lost}, {pool} serves with {figure(amount)} in {books.calendar.slot(period, block)}; "
                f"{figure(left)} are there"
            )


def _left(books: Books, pool: str, period: int) -> Decimal:
    limit = books.limit(pool, period)
    if limit is not None:
        return limit
    name, months = books.pools[pool].accelerator, books.calendar.periods[period]
    held = sum((leg.held(name, months) for legs in books.pool_legs(pool).values() for leg in legs), ZERO)
    return held - books.let.get((pool, period), ZERO)
