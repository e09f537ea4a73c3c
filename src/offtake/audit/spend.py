"""Money of spend commitments: what they are paid, what use they take off the bill, what is missing and still owed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from offtake.instance.months import Month

from .books import Books
from .numbers import ZERO
from .promises import Part, Promise

Entry = tuple[Month, str, str, Decimal]
"""month, line of cash, offer (or contract, or commitment), USD"""
NOT_SPENT = ("deposits", "letters_of_credit", "power")
"""fixed payments that do not count toward a commitment: they come back, or go to banks and utilities"""


def payments(books: Books) -> Iterator[Entry]:
    """What is due whatever is used."""
    for key, promise in books.promises.items():
        for month, usd in promise.paid.items():
            yield month, "commitments", key, usd


def reductions(books: Books) -> Iterator[Entry]:
    """Use that is drawn from a commitment, or discounted by one, is not paid at list: negative."""
    for promise in books.promises.values():
        for month, pool, usd in saved(books, promise):
            yield month, _line(books, pool), books.pools[pool].supply, -usd


def saved(books: Books, promise: Promise) -> Iterator[tuple[Month, str, Decimal]]:
    """What a commitment takes off the bill at list prices, by month and pool: all that is drawn from it; of one that is
    trued up its discount on what is drawn from no other."""
    for (key, pool, month, _), usd in books.covered.items():
        if key == promise.key:
            yield month, pool, usd
    if promise.prepaid:
        return
    for (pool, month, block), usd in books.list_usd.items():
        offer = books.pools[pool].supply
        if promise.runs(month) and offer in promise.discounts:
            drawn = (books.covered.get((key, pool, month, block), ZERO) for key in books.promises)
            yield month, pool, (1 - promise.rate(offer)) * (usd - sum(drawn, ZERO))


def _line(books: Books, pool: str) -> str:
    return "tokens" if books.pools[pool].accelerator is None else "elastic"


def counted(books: Books, use: Iterable[Entry], promise: Promise, part: Part, date: Month) -> Decimal:
    """What counts toward a part of a commitment that is trued up, as far as it is certain after a date.

    Paid in its months for deals signed by then, contracts in force and commitments taken by then, and for use until
    then. `use`: cash that depends on use.
    """
    months, usd = set(part.months), ZERO
    for deed in [*books.deeds.values(), *books.register.in_force.values()]:
        if deed.supply_id in promise.counted and (deed.signing is None or deed.signing <= date):
            usd += sum((due.usd for due in deed.due if due.month in months and due.line not in NOT_SPENT), ZERO)
    for key, other in books.promises.items():
        if key in promise.counted and other.signing <= date:
            usd += sum((paid for month, paid in other.paid.items() if month in months), ZERO)
    return usd + sum(
        (paid for month, _, name, paid in use if name in promise.counted and month in months and month <= date), ZERO
    )


def shortfalls(books: Books, use: Iterable[Entry]) -> Iterator[tuple[Promise, Part, Decimal]]:
    """What each part of each commitment that is trued up lacks in the end."""
    use = list(use)
    for promise in books.promises.values():
        for part in [] if promise.prepaid else promise.parts:
            yield promise, part, max(part.usd - counted(books, use, promise, part, part.due), ZERO)


def drawn(books: Books, promise: Promise, months: Iterable[Month]) -> Decimal:
    """USD that use takes from a prepaid commitment in the months, at its discounted rates."""
    inside = set(months)
    return sum(
        (
            promise.rate(books.pools[pool].supply) * usd
            for (key, pool, month, _), usd in books.covered.items()
            if key == promise.key and month in inside
        ),
        ZERO,
    )


def due_after(books: Books, use: Iterable[Entry], date: Month) -> Iterator[tuple[Promise, Month, Decimal]]:
    """What commitments owe after a date, and when it is due at the latest.

    Payments to come; and of a part that is trued up what has neither been paid for so far nor will be, for certain, by
    deals signed and commitments taken by then. `use`: cash that depends on use.
    """
    use = list(use)
    for promise in books.promises.values():
        if date < promise.signing:
            continue
        for month, usd in promise.paid.items():
            if month > date:
                yield promise, month, usd
        for part in [] if promise.prepaid else promise.parts:
            left = part.usd - counted(books, use, promise, part, date)
            if part.due > date and left > 0:
                yield promise, part.due, left
