"""What is let to others: only what may be, and what somebody takes."""

from __future__ import annotations

from offtake.instance.pools import supplies

from ..books import Books
from ..ledger import Ledger
from ..numbers import ZERO, exact, figure
from ..report import Check


def sublet_where_allowed(check: Check, books: Books, money: Ledger) -> None:
    """Only capacity under contracts that allow it is let to others, and no more than their market takes."""
    for (pool, period), let in books.let.items():
        market = supplies(books.instance)[books.pools[pool].supply].sublease
        most = ZERO if market is None or books.limit(pool, period) is not None else exact(market.max_accelerators)
        if check.exceeds(let, most):
            why = f"at most {figure(most)} may be" if most else "its contract does not allow it"
            check.find(f"{figure(let)} accelerators of {pool} are let in {books.calendar.name(period)}; {why}")
