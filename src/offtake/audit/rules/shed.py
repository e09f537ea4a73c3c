"""What the plan prints of the requests that it leaves unserved."""

from __future__ import annotations

from decimal import Decimal

from ..books import SECONDS_PER_HOUR, Books
from ..ledger import Ledger
from ..numbers import ZERO, exact, figure, price_in, usd
from ..report import Check

Shed = dict[tuple[str, str], tuple[Decimal, Decimal, Decimal]]
"""month, workload -> USD per request, requests, USD"""


def shed_as_decided(check: Check, books: Books, money: Ledger) -> None:
    """The table of what is left unserved holds its requests and their price, by month and workload."""
    nothing = (ZERO, ZERO, ZERO)
    printed: Shed = {(str(row.month), row.workload): row[2:5] for row in books.claim.shed}
    left = _shed(books)
    if not books.claim.prints_shed:
        return
    for key in sorted(printed.keys() | left.keys()):
        said, due = printed.get(key, nothing), left.get(key, nothing)
        amounts = [check.unequal(10**6 * said[0], 10**6 * due[0]), check.unequal(said[1], due[1])]
        if any(amounts) | check.misprints(said[2], due[2]):
            check.find(f"the plan prints {_words(said)} of {key[1]} left unserved in {key[0]}; it is {_words(due)}")


def _words(row: tuple[Decimal, Decimal, Decimal]) -> str:
    return f"{figure(row[1])} requests at {figure(row[0])} USD, {usd(row[2])} in all,"


def _shed(books: Books) -> Shed:
    """Recomputed from the decisions: penalty and value forgone of what is left unserved on the mean."""
    mean: dict[tuple[str, int], Decimal] = {}
    for (workload, period, block), rate in books.refused.items():
        part = books.calendar.block_share * books.demand[workload].mean_share(period, block) * rate
        mean[workload, period] = mean.get((workload, period), ZERO) + part
    found: Shed = {}
    for (workload, period), rate in mean.items():
        stated = books.instance.workloads[workload]
        for month in books.calendar.periods[period]:
            price = exact(stated.unserved_usd_per_request or 0) + price_in(stated.value_usd_per_request or 0, month)
            requests = SECONDS_PER_HOUR * month.hours * rate
            found[str(month), workload] = (price, requests, price * requests)
    return found
