"""The ledgers that a plan prints for finance, and the sums that tie them to its other tables.

Plans of earlier versions have no ledgers, and nothing to check. The lease screen is under `offers`.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from .. import statements
from ..books import Books
from ..ledger import Ledger
from ..numbers import ZERO, figure, usd
from ..reading import PlanError, items, mapping, member, number, shown
from ..report import Check

Rows = dict[tuple[Any, ...], tuple[Decimal | None, ...]]

KEYS: dict[str, tuple[str, ...]] = {
    "obligations_by_year": ("as_of", "commenced", "year"),
    "lock_in": ("as_of",),
    "termination": ("month", "offer"),
    "effective": ("month", "offer"),
    "exposure": ("month", "group"),
    "balance": ("month",),
}
VALUES: dict[str, tuple[str, ...]] = {
    "obligations_by_year": ("usd",),
    "lock_in": ("owed_usd", "months"),
    "termination": ("usd",),
    "effective": ("billed_usd", "effective_usd", "unused_usd"),
    "exposure": ("prepaid_unused_usd", "owed_usd", "power_mw"),
    "balance": ("funding_usd", "other_cash_usd", "cash_out_usd", "balance_usd", "minimum_usd"),
}


def obligations_by_year_to_the_cent(check: Check, books: Books, money: Ledger) -> None:
    """Obligations by fiscal year are the payments to come, and sum to what the table of obligations says is owed."""
    expected = {key: (amount,) for key, amount in statements.obligations_by_year(books, money).items()}
    printed = _compare(check, books, "obligations_by_year", expected)
    if printed is None:
        return
    said = {str(row.month): row.usd for row in books.claim.obligations}
    for date in map(str, statements.dates(books)):
        total = sum((values[0] or ZERO for key, values in printed.items() if key[0] == date), ZERO)
        if check.misprints(total, said.get(date, ZERO)):
            check.find(
                f"the obligations by fiscal year as of {date} sum to {usd(total)}; "
                f"the table of obligations says that {usd(said.get(date, ZERO))} are owed"
            )


def lock_in_follows(check: Check, books: Books, money: Ledger) -> None:
    """Lock-in is the months to the end of each term, weighted by the dollars owed."""
    rows = {(str(date),): statements.lock_in(books, money, date) for date in statements.dates(books)}
    _compare(check, books, "lock_in", {key: row for key, row in rows.items() if row[0]})


def termination_to_the_cent(check: Check, books: Books, money: Ledger) -> None:
    """Leaving costs what is owed, and the way out is notice where that is cheaper than to pay it all."""
    _compare(check, books, "termination", {key: (owed,) for key, owed in statements.termination(books, money).items()})
    ways = statements.ways_out(books)
    for position, entry in enumerate(items(books.claim.ledgers.get("termination", []), "ledgers.termination")):
        row = mapping(entry, f"ledgers.termination[{position}]")
        key, way = (row.get("month"), row.get("offer")), row.get("way")
        if key in ways and check.fails(way == ways[key]):
            check.find(
                f"the ledger termination says {shown(way)} is the way out of {shown(key[1])} after {key[0]}; "
                f"it is {ways[key]!r}"
            )


def effective_to_the_cent(check: Check, books: Books, money: Ledger) -> None:
    """Billed cost is the cash, effective cost that of the service of the month, unused what no workload worked on.

    For each offer effective cost sums to billed cost over the term; contracts in force were billed before, too.
    """
    billed, cost, idle = statements.effective(books, money)
    last = str(books.calendar.months[-1])
    expected: Rows = {
        key: (billed.get(key, ZERO), cost.get(key, ZERO), idle.get(key, ZERO) if key[0] <= last else None)
        for key in {**billed, **cost}
    }
    printed = _compare(check, books, "effective", expected)
    if printed is None:
        return
    totals: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for (_, offer), (paid, used, _) in printed.items():
        totals[offer][0] += paid or ZERO
        totals[offer][1] += used or ZERO
    for offer, (paid, used) in totals.items():
        if offer not in books.instance.signed and check.misprints(used, paid):
            check.find(f"the effective cost of {shown(offer)} sums to {usd(used)}, its billed cost to {usd(paid)}")


def exposure_to_the_cent(check: Check, books: Books, money: Ledger) -> None:
    """Exposure to a group is what is paid and not used, and what is owed, of its contracts."""
    _compare(check, books, "exposure", statements.exposure(books, money))


def balance_to_the_cent(check: Check, books: Books, money: Ledger) -> None:
    """The balance is funding and other cash so far less all payments so far."""
    _compare(check, books, "balance", statements.balance(books, money))


def cash_is_cost(check: Check, books: Books, money: Ledger) -> None:
    """Not discounted and charged in full, the cash of what is decided is its cost, line by line to the cent."""
    finance = books.instance.finance
    if finance.discounting.rate or finance.terminal != "none":
        return
    contracts = {entry.line for deed in books.deeds.values() for entry in deed.due}
    cash: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for row in books.claim.cash:
        cash["contracts" if row.line in contracts else row.line] += row.usd
    for row in books.claim.cost:
        if (row.line == "contracts" or row.line in cash) and check.misprints(row.usd, cash[row.line]):
            check.find(f"the cost of {shown(row.line)} is {usd(row.usd)}; its cash sums to {usd(cash[row.line])}")


def _compare(check: Check, books: Books, table: str, expected: Rows) -> Rows | None:
    """Check every figure of a ledger; returns what it prints, None if the plan has no such ledger."""
    if table not in books.claim.ledgers:
        return None
    names = VALUES[table]
    printed = _printed(books.claim.ledgers, table)
    nothing = (ZERO,) * len(names)
    for key in sorted({**printed, **expected}, key=lambda entry: tuple(map(str, entry))):
        pairs = zip(names, printed.get(key, nothing), expected.get(key, nothing), strict=True)
        for name, said, value in pairs:
            if _differ(check, name, said, value):
                where = ", ".join(str(part) if isinstance(part, bool | int) else shown(part) for part in key)
                check.find(
                    f"the ledger {table} prints {_words(name, said)} as {name} ({where}); it is {_words(name, value)}"
                )
    return printed


def _differ(check: Check, name: str, said: Decimal | None, value: Decimal | None) -> bool:
    if said is None or value is None:
        return check.fails(said is value or (value is None and said == ZERO))
    return check.misprints(said, value) if name.endswith("usd") else check.unequal(said, value)


def _words(name: str, value: Decimal | None) -> str:
    if value is None:
        return "null"
    return usd(value) if name.endswith("usd") else figure(value)


def _printed(ledgers: dict[str, Any], table: str) -> Rows:
    found: Rows = {}
    for position, entry in enumerate(items(ledgers[table], f"ledgers.{table}")):
        where = f"ledgers.{table}[{position}]"
        row = mapping(entry, where)
        key = tuple(_scalar(member(row, name, where), f"{where}.{name}") for name in KEYS[table])
        if key in found:
            raise PlanError(f"{where} repeats the row of {', '.join(map(str, key))}")
        values = [member(row, name, where) for name in VALUES[table]]
        found[key] = tuple(None if value is None else number(value, where) for value in values)
    return found


def _scalar(value: Any, where: str) -> str | int | bool:
    if not isinstance(value, str | int | bool):
        raise PlanError(f"{where} must be text or a whole number, not {shown(value)}")
    return value
