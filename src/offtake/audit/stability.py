"""What signing something else than an earlier plan costs."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from offtake.instance.months import Month

from .books import Books
from .numbers import ZERO, exact

Agreed = tuple[str, Month, int]
"""offer, start and months of the term"""


def earlier(books: Books) -> dict[Agreed, Decimal]:
    """Blocks of the earlier plan whose deals are still to be signed, and start within the horizon."""
    rule, found = books.instance.policy.keep_plan, Counter()
    for deal in rule.plan if rule is not None else []:
        if deal.signing >= books.calendar.start and deal.start <= books.calendar.months[-1]:
            found[deal.offer, deal.start, deal.months] += deal.blocks
    return {key: Decimal(blocks) for key, blocks in found.items()}


def changes(books: Books) -> int:
    """Deals of the earlier plan that are signed otherwise, and every deal that it does not have."""
    kept, now = earlier(books), {}
    signed = [((deal.supply_id, deal.written, deal.length), deal.blocks) for deal in books.roots.values()]
    for key, blocks in signed:
        now[key] = now.get(key, ZERO) + blocks
    changed = [key for key, blocks in kept.items() if now.get(key, ZERO) != blocks]
    return len(changed) + sum(key not in kept for key, _ in signed)


def charge(books: Books) -> Decimal:
    """USD that the objective pays for them."""
    rule = books.instance.policy.keep_plan
    return ZERO if rule is None else exact(rule.usd_per_change) * changes(books)
