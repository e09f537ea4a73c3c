"""Spend commitments: those that must be are taken, and nothing is drawn from them that is not used or not paid for."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from .. import spend
from ..books import Books
from ..claim import CommitmentRow
from ..ledger import Ledger
from ..numbers import ZERO, usd
from ..promises import Part, Promise, can_be_taken
from ..report import Check


def mandatory_commitments_taken(check: Check, books: Books, money: Ledger) -> None:
    """A commitment that is signed, or must be, is in the plan."""
    for key, stated in books.instance.commitments.items():
        if stated.mandatory and can_be_taken(stated, books.calendar) and check.fails(key in books.promises):
            check.find(f"the commitment {key} is mandatory, and the plan does not take it")


def covered_where_it_counts(check: Check, books: Books, money: Ledger) -> None:
    """Use is drawn only from commitments that are taken, paid whatever is used, running, and about that use."""
    for key, pool, month, _ in books.covered:
        promise, fault = books.promises.get(key), ""
        if promise is None:
            fault = "the plan does not take it"
        elif not promise.prepaid:
            fault = "it is settled by true_up: nothing is drawn from it"
        elif books.pools[pool].supply not in promise.counted:
            fault = f"the use of {books.pools[pool].supply} does not count toward it"
        elif not promise.runs(month):
            fault = "its window does not cover the month"
        if check.fails(not fault):
            check.find(f"use of {pool} in {month} is drawn from the commitment {key}; {fault}")


def covered_is_used(check: Check, books: Books, money: Ledger) -> None:
    """What all commitments cover of a pool is used, in every month and block."""
    drawn: dict[tuple, Decimal] = defaultdict(lambda: ZERO)
    for (_, *place), amount in books.covered.items():
        drawn[tuple(place)] += amount
    for (pool, month, block), amount in drawn.items():
        used = books.list_usd.get((pool, month, block), ZERO)
        if check.exceeds(amount, used):
            check.find(
                f"commitments cover {usd(amount)} of {pool} in {month}, block {block}; "
                f"its use costs {usd(used)} at list prices"
            )


def covered_is_paid_for(check: Check, books: Books, money: Ledger) -> None:
    """What is drawn from a commitment at its rates is at most what it is paid: by hour, or by interval."""
    for key, promise in books.promises.items():
        if not promise.prepaid:
            continue
        if promise.stated.usd_per_hour is None:
            for part in promise.parts:
                taken = spend.drawn(books, promise, part.months)
                _within(check, key, f"{part.months[0]} to {part.due}", taken, part.usd)
            continue
        burnt: dict[tuple, Decimal] = defaultdict(lambda: ZERO)
        for (name, pool, month, block), amount in books.covered.items():
            if name == key:
                burnt[month, block] += promise.rate(books.pools[pool].supply) * amount
        for (month, block), amount in burnt.items():
            paid = promise.promised(month) * books.calendar.block_share
            _within(check, key, f"{month}, block {block}", amount, paid)


def _within(check: Check, key: str, when: str, drawn: Decimal, paid: Decimal) -> None:
    if check.exceeds(drawn, paid):
        check.find(f"{usd(drawn)} are drawn from the commitment {key} in {when}; {usd(paid)} are paid for it")


def commitments_to_the_cent(check: Check, books: Books, money: Ledger) -> None:
    """The table of commitments holds each part: what is promised, what of it is used, and what is not."""
    printed = {(row.commitment, row.start): row for row in books.claim.commitments}
    parts = {(key, part.months[0]): part for key, promise in books.promises.items() for part in promise.parts}
    for key in sorted({*printed, *parts}):
        name = f"{key[0] if key in parts else ascii(key[0])} from {key[1]}"
        if check.fails(key in printed and key in parts):
            missing = "lacks" if key in parts else "has, and should not,"
            check.find(f"the table of commitments {missing} {name}")
        elif key in printed:
            _compare(check, name, printed[key], parts[key], _used(books, money, books.promises[key[0]], parts[key]))


def _used(books: Books, money: Ledger, promise: Promise, part: Part) -> tuple[Decimal | None, Decimal | None]:
    """Used and not; nothing where only the future knows."""
    if not promise.prepaid:
        used = money.spent(promise, part)
    elif part.in_horizon:
        used = spend.drawn(books, promise, part.months)
    else:
        return None, None
    return used, max(part.usd - used, ZERO)


def _compare(check: Check, name: str, row: CommitmentRow, part: Part, used: tuple) -> None:
    if check.fails((row.months, row.in_horizon) == (len(part.months), part.in_horizon)):
        check.find(f"the table of commitments prints {name} with other months than it has, {len(part.months)}")
    figures = (("promised", row.committed_usd, part.usd), ("used", row.used_usd, used[0]))
    for what, said, expected in (*figures, ("not used", row.unused_usd, used[1])):
        if said is None or expected is None:
            if check.fails(said is expected):
                check.find(f"the table of commitments prints something else as {what} for {name} than can be known")
        elif check.misprints(said, expected):
            check.find(f"the table of commitments prints {usd(said)} as {what} for {name}; it is {usd(expected)}")
