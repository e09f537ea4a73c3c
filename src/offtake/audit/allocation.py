"""What each workload costs: charges split by accelerator-hours at work, and commitments by what is spent on them.

The charge of a supply is what its deals cost the objective, with the price of their emissions, use beyond take-or-pay
and less what subletting brings; that of a port goes to those whom it lets serve. Use without a contract is charged at
list prices to who uses it, and what a spend commitment costs or saves is split by what is spent on what it is about: or
on everything, if that is nothing. What nobody uses belongs to nobody. Penalties and value are left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from . import spend
from .books import SECONDS_PER_HOUR, Books
from .follow_ons import Break
from .ledger import Ledger
from .numbers import ZERO, exact
from .promises import Promise
from .statements import service_cost

Split = dict[tuple[str, str], Decimal]
"""(supply or port, workload) -> discounted USD"""


def cost_by_workload(books: Books, money: Ledger) -> dict[str, Decimal]:
    """Discounted USD of every workload."""
    spent = _spent(books, money)
    found = {workload: _of(spent, workload) for workload in books.instance.workloads}
    for promise in books.promises.values():
        weights = {workload: _of(spent, workload, _about(books, promise)) for workload in found}
        if not any(weights.values()):
            weights = {workload: _of(spent, workload) for workload in found}
        net, total = _net(books, money, promise), sum(weights.values(), ZERO)
        for workload, weight in weights.items():
            found[workload] += net * weight / total if total else ZERO
    return found


def sunk_by_contract(books: Books) -> dict[str, Decimal]:
    """Contract in force -> what its service in the months of the horizon costs, discounted, with the price of its
    emissions, as if nothing of it were broken off: what a break saves is decided."""
    found: dict[str, Decimal] = {}
    for key, contract in books.register.in_force.items():
        cost = service_cost(contract)
        found[key] = sum(
            (
                books.calendar.discount(month) * (cost.get(month, ZERO) + _carbon_price(books) * tonnes)
                for month in books.calendar.months
                for tonnes in [books.tonnes(contract, month)]
            ),
            ZERO,
        )
    return found


def sunk_by_workload(books: Books) -> dict[str, Decimal]:
    """The same, split by accelerator-hours at work on each contract."""
    found, sunk = dict.fromkeys(books.instance.workloads, ZERO), sunk_by_contract(books)
    hours: Split = defaultdict(lambda: ZERO)
    for (pool, workload, period), use in books.mean_use.items():
        hours[books.pools[pool].supply, workload] += use * books.calendar.hours(period)
    for (supply, workload), used in hours.items():
        if supply in sunk and used:
            total = sum((each for (other, _), each in hours.items() if other == supply), ZERO)
            found[workload] += sunk[supply] * used / total
    return found


def _of(spent: Split, workload: str, names: Iterable[str] | None = None) -> Decimal:
    some = None if names is None else set(names)
    return sum((usd for (name, who), usd in spent.items() if who == workload and (some is None or name in some)), ZERO)


def _spent(books: Books, money: Ledger) -> Split:
    found: Split = defaultdict(lambda: ZERO)
    hours: Split = defaultdict(lambda: ZERO)
    ported: Split = defaultdict(lambda: ZERO)
    for (pool, workload, period), use in books.mean_use.items():
        supply, asked = books.pools[pool].supply, books.port_of(pool, workload)
        at_work = use * books.calendar.hours(period)
        hours[supply, workload] += at_work
        found[supply, workload] += _use_usd(books, pool, workload, period, use)
        if asked is not None:
            ported["/".join(asked), workload] += at_work
    for charges, weights in ((_charges(books, money), hours), (_ports(books, money), ported)):
        for (name, workload), weight in weights.items():
            total = sum((each for (other, _), each in weights.items() if other == name), ZERO)
            found[name, workload] += charges.get(name, ZERO) * weight / total if total else ZERO
    return found


def _use_usd(books: Books, pool: str, workload: str, period: int, use: Decimal) -> Decimal:
    """What use costs at list prices, and its emissions."""
    total, requests = ZERO, SECONDS_PER_HOUR * books.rate(pool, workload, period)
    elastic = books.pools[pool].accelerator is not None and books.limit(pool, period) is not None
    for month in books.calendar.periods[period]:
        tokens = books.tokens_per_request(pool, workload, month) + books.egress_per_request(pool, workload, month)
        price = books.elastic_price(pool, month) + requests * tokens
        if elastic:
            kw = exact(books.instance.accelerators[books.pools[pool].accelerator].all_in_kw)
            price += _carbon_price(books) * kw * books.intensity(books.pools[pool].region) / 1000
        total += books.calendar.discount(month) * use * month.hours * price
    return total


def _carbon_price(books: Books) -> Decimal:
    return exact(books.instance.policy.carbon_usd_per_tonne or 0)


def _charges(books: Books, money: Ledger) -> Mapping[str, Decimal]:
    """Supply -> what its deals cost."""
    found: dict[str, Decimal] = defaultdict(lambda: ZERO)
    calendar, price = books.calendar, _carbon_price(books)
    for deed in books.deeds.values():
        found[deed.supply_id] += deed.charge(calendar)
        for month in calendar.months if price else ():
            if isinstance(deed, Break):
                tonnes = books.tonnes(deed.leaving, month) - books.tonnes(deed.staying, month)
            else:
                tonnes = books.tonnes(deed, month) if deed in books.deals.values() else ZERO
            found[deed.supply_id] += price * calendar.discount(month) * tonnes
    for (month, line, name), usd in money.cash.items():
        if line in ("use_beyond", "sublease"):
            found[name] += calendar.discount(month) * usd
    return found


def _ports(books: Books, money: Ledger) -> Mapping[str, Decimal]:
    """Port -> what it costs."""
    found: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for (month, line, name), usd in money.cash.items():
        if line == "ports":
            found[name] += books.calendar.discount(month) * usd
    return found


def _about(books: Books, promise: Promise) -> list[str]:
    """Offers and contracts in force that a commitment is about."""
    return [*(name for name in promise.counted if name not in books.instance.commitments), *promise.discounts]


def _net(books: Books, money: Ledger, promise: Promise) -> Decimal:
    """What a commitment adds to the objective: payments and shortfalls, less what it saves on use."""
    last = books.calendar.months[-1]
    paid = sum((promise.charge_factor(month, month <= last) * usd for month, usd in promise.paid.items()), ZERO)
    lacking = (
        promise.charge_factor(part.due, part.in_horizon) * usd
        for each, part, usd in money.shortfalls
        if each.key == promise.key
    )
    saved = (books.calendar.discount(month) * usd for month, _, usd in spend.saved(books, promise))
    return paid + sum(lacking, ZERO) - sum(saved, ZERO)
