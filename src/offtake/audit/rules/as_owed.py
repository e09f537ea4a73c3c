"""Nothing is made up: no use, and no payment, for the sake of a commitment or of a share of the portfolio alone."""

from __future__ import annotations

from decimal import Decimal

from offtake.instance.months import Month
from offtake.instance.schema import Interactive

from .. import spend
from ..books import Books
from ..ledger import Ledger
from ..numbers import ZERO, figure, usd
from ..promises import Promise
from ..report import Check
from ..training import runs_of


def served_as_asked(check: Check, books: Books, money: Ledger) -> None:
    """With a commitment in the plan, or a limit on shares of spend or service, interactive workloads are served what
    they ask for and no more.

    Else use that is paid for already could be made up.
    """
    pools, what = _watched(books)
    touched = {(row.workload, row.period, row.block) for row in books.decisions.serve if row.pool in pools}
    for workload, period, block in sorted(touched):
        if not isinstance(books.instance.workloads[workload], Interactive):
            continue
        served = books.served[workload, period, block]
        asked = books.demand[workload].provision[period][block]
        if check.exceeds(served, asked):
            check.find(
                f"{workload} is served {figure(served)} requests/s in {books.calendar.slot(period, block)} on what a "
                f"{what} is about, and asks for {figure(asked)}"
            )


def trained_as_asked(check: Check, books: Books, money: Ledger) -> None:
    """A training run on such pools holds no more than its work takes, beside a remainder at its smallest scale: even if
    all that it holds were as useful as at its largest."""
    pools, what = _watched(books)
    for run in runs_of(books):
        if not pools.isdisjoint(pool for held in run.places.values() for pool in held):
            held, most = run.done_at_least / run.flop, 1 + run.remainder / run.flop
            if check.exceeds(held, most):
                check.find(
                    f"{run.key} holds accelerators for {figure(100 * held)} % of its work on what a {what} is about; "
                    f"with a remainder at its smallest scale it needs {figure(100 * most)} % at most"
                )


def beyond_as_used(check: Check, books: Books, money: Ledger) -> None:
    """On such pools, hours beyond take-or-pay are paid as far as those inside are used up, and no further."""
    pools, what = _watched(books)
    billed: dict[tuple[str, int], Decimal] = {}
    for (_, pool, period), hours in books.beyond_hours.items():
        if pool in pools:
            billed[pool, period] = billed.get((pool, period), ZERO) + hours
    for (pool, period), hours in billed.items():
        name, months = books.pools[pool].accelerator, books.calendar.periods[period]
        legs = [leg for each in books.pool_legs(pool).values() for leg in each]
        paid = sum((leg.paid_hours(name, months) for leg in legs), ZERO)
        let = books.calendar.hours(period) * books.let.get((pool, period), ZERO)
        used = books.used_hours.get((pool, period), ZERO) + let
        if check.exceeds(paid + hours, max(used, paid)):
            check.find(
                f"{pool} bills {figure(hours)} accelerator-hours beyond take-or-pay in {books.calendar.name(period)} "
                f"on what a {what} is about; {figure(used)} are used, of which {figure(paid)} are paid anyhow"
            )


def drawn_before_list(check: Check, books: Books, money: Ledger) -> None:
    """With a limit on shares of spend, list prices are paid where what is prepaid for that use is drawn up."""
    shares = books.instance.policy.provider_share_max
    prepaid = [promise for promise in books.promises.values() if promise.prepaid]
    for (pool, month, block), listed in books.list_usd.items() if shares is not None and shares.spend else ():
        able = [each for each in prepaid if each.runs(month) and books.pools[pool].supply in each.counted]
        drawn = sum((books.covered.get((each.key, pool, month, block), ZERO) for each in prepaid), ZERO)
        if not able or not check.exceeds(listed, drawn):
            continue
        for promise in able:
            taken, paid = _drawn_of(books, promise, month, block)
            if check.exceeds(paid, taken):
                check.find(
                    f"{usd(listed - drawn)} of {pool} in {month}, block {block} are paid at list; {usd(paid - taken)} "
                    f"of the commitment {promise.key} are not drawn"
                )


def _drawn_of(books: Books, promise: Promise, month: Month, block: int) -> tuple[Decimal, Decimal]:
    """What is drawn of a prepaid commitment, and paid for it, where use of a block of a month is settled."""
    if promise.stated.usd_per_hour is None:
        part = next(part for part in promise.parts if month in part.months)
        return spend.drawn(books, promise, part.months), part.usd
    rows = (
        (pool, usd) for (key, pool, m, b), usd in books.covered.items() if (key, m, b) == (promise.key, month, block)
    )
    taken = sum((promise.rate(books.pools[pool].supply) * usd for pool, usd in rows), ZERO)
    return taken, promise.promised(month) * books.calendar.block_share


def _watched(books: Books) -> tuple[set[str], str]:
    """Pools on which use counts for more than what it serves, and with what."""
    shares = books.instance.policy.provider_share_max
    if shares is not None and (shares.spend is not None or shares.served is not None):
        return set(books.pools), "share"
    about = {name for promise in books.promises.values() for name in (*promise.counted, *promise.discounts)}
    return {pool for pool, place in books.pools.items() if place.supply in about}, "commitment"
