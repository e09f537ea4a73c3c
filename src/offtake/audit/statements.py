"""The ledgers of finance, recomputed: what is owed by fiscal year, effective cost, exposure by group, cash balance.

Each function gives rows by their key. A statement is drawn up at the end of a month, when what is due in it is paid.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from functools import cache

from offtake.instance.months import Month

from .books import Books
from .contracts import OWED_LINES, Contract
from .ledger import Ledger
from .numbers import ZERO, exact, price_in
from .spend import drawn

MONTHLY_LINES = ("letters_of_credit", "sla_credits", "power")
"""belong to the month in which they are billed"""

Money = dict[tuple, Decimal]


def dates(books: Books) -> list[Month]:
    """The ends of the first month of the horizon, of its fiscal years, and of its last month."""
    begins, months = books.instance.finance.fiscal_year_start, books.calendar.months
    return [m for m in months if m in (months[0], months[-1]) or (m + 1).number == begins]


def obligations_by_year(books: Books, money: Ledger) -> Money:
    """(date, commenced, fiscal year from the date or later) -> payments of contracts signed by then."""
    begins, found = books.instance.finance.fiscal_year_start, defaultdict(lambda: ZERO)
    for date in dates(books):
        for contract in _signed_by(books, date):
            for entry in contract.due:
                if entry.line in OWED_LINES and entry.month > date:
                    years = entry.month.fiscal_year(begins) - (date + 1).fiscal_year(begins) + 1
                    found[str(date), contract.start <= date, years if years <= 5 else "later"] += entry.usd
        for promise, due, usd in money.promises_after(date):
            years = due.fiscal_year(begins) - (date + 1).fiscal_year(begins) + 1
            begun = promise.stated.window.start <= date
            found[str(date), begun, years if years <= 5 else "later"] += usd
    return dict(found)


def _signed_by(books: Books, date: Month) -> list[Contract]:
    return [contract for contract in books.contracts.values() if contract.signing is None or contract.signing <= date]


def owed(contract: Contract, date: Month) -> Decimal:
    """Non-cancellable payments of a contract after a date; nothing before it is signed."""
    if contract.signing is not None and contract.signing > date:
        return ZERO
    return sum((entry.usd for entry in contract.due if entry.line in OWED_LINES and entry.month > date), ZERO)


def lock_in(books: Books, money: Ledger, date: Month) -> tuple[Decimal, Decimal]:
    """Dollars owed after a date, and months from it to the end of each term, weighted by them."""
    each = [(owed(contract, date), contract.months[-1] - date) for contract in books.contracts.values()]
    for promise, _, usd in money.promises_after(date):
        each.append((usd, promise.stated.window.start + (promise.stated.window.months - 1) - date))
    total = sum((usd for usd, _ in each), ZERO)
    weighted = sum((usd * max(months, 0) for usd, months in each), ZERO)
    return total, weighted / total if total else ZERO


def termination(books: Books, money: Ledger) -> Money:
    """(month, offer or contract) -> what is owed after it: without break clauses the only way out."""
    found: Money = defaultdict(lambda: ZERO)
    for month in ledger(books):
        for contract in books.contracts.values():
            found[str(month), contract.supply_id] += owed(contract, month)
        for promise, _, usd in money.promises_after(month):
            found[str(month), promise.key] += usd
    return dict(found)


def ledger(books: Books) -> list[Month]:
    """Months from the start of the horizon to the last payment or month of service."""
    last = [books.calendar.months[-1]]
    for contract in books.contracts.values():
        last += [contract.months[-1], *(entry.month for entry in contract.due)]
    last += [promise.months[-1] for promise in books.promises.values()]
    return [books.calendar.start + k for k in range(max(last) - books.calendar.start + 1)]


def service_cost(contract: Contract) -> dict[Month, Decimal]:
    """Fixed payments of a contract by the month whose service uses them up.

    The fixed fee of each month; monthly lines as billed; the rest by accelerators contracted. What a contract in force
    paid or received beside its fees is history.
    """
    found: dict[Month, Decimal] = defaultdict(lambda: ZERO, contract.fixed)
    for entry in contract.due:
        if entry.line in MONTHLY_LINES:
            found[entry.month] += entry.usd
    if contract.signing is None:
        return found
    rest = contract.fixed_cash - sum(found.values(), ZERO)
    weights = {month: contract.contracted(month) for month in contract.months}
    total = sum(weights.values(), ZERO)
    if not total:
        return _cash(contract)
    for month, weight in weights.items():
        found[month] += rest * weight / total
    return found


def _cash(contract: Contract) -> dict[Month, Decimal]:
    """Its payments by month."""
    found: dict[Month, Decimal] = defaultdict(lambda: ZERO)
    for entry in contract.due:
        found[entry.month] += entry.usd
    return found


def effective(books: Books, money: Ledger) -> tuple[Money, Money, Money]:
    """(month, offer or contract) -> billed, effective and unused USD."""
    billed: Money = defaultdict(lambda: ZERO)
    for (month, _, offer), usd in money.cash.items():
        billed[str(month), offer] += usd
    cost, idle = defaultdict(lambda: ZERO, billed), defaultdict(lambda: ZERO)
    for contract in books.contracts.values():
        service = service_cost(contract)
        for month, usd in service.items():
            if month >= books.calendar.start:
                cost[str(month), contract.supply_id] += usd
        for month, usd in _cash(contract).items():
            if month >= books.calendar.start:
                cost[str(month), contract.supply_id] -= usd
        for month in books.calendar.months:
            idle[str(month), contract.supply_id] += service.get(month, ZERO)
    idle = {key: usd * (1 - _used_share(books, *key)) for key, usd in idle.items()}
    for promise in books.promises.values():
        for month in books.calendar.months:
            paid = [money.cash.get((month, line, promise.key), ZERO) for line in ("commitments", "shortfall")]
            idle[str(month), promise.key] = sum(paid, ZERO) - drawn(books, promise, [month])
    return dict(billed), dict(cost), idle


def _used_share(books: Books, month: str, supply: str) -> Decimal:
    """Accelerator-hours at work over those that are paid whether used or not; 0 where nothing is delivered."""
    when = Month.parse(month)
    contracts = [contract for contract in books.contracts.values() if contract.supply_id == supply]
    paid = sum((contract.paid_hours(name, [when]) for contract in contracts for name in contract.counts), ZERO)
    pools = [pool for pool, place in books.pools.items() if place.supply == supply]
    used = sum((used_hours(books, pool, when) for pool in pools), ZERO)
    return min(used / paid, Decimal(1)) if paid else ZERO


def used_hours(books: Books, pool: str, month: Month) -> Decimal:
    """Accelerator-hours of a pool at work in a month of the horizon."""
    period = next(k for k, months in enumerate(books.calendar.periods) if month in months)
    return books.used_hours.get((pool, period), ZERO) * month.hours / books.calendar.hours(period)


def exposure(books: Books, money: Ledger) -> dict[tuple, tuple[Decimal, Decimal, Decimal]]:
    """(month, group) -> paid and not used after it, owed after it, megawatts in service in it."""
    found: dict[tuple, tuple[Decimal, Decimal, Decimal]] = defaultdict(lambda: (ZERO, ZERO, ZERO))
    for contract in books.contracts.values():
        service, paid = service_cost(contract), _cash(contract)
        for month in ledger(books):
            ahead = sum((usd for when, usd in service.items() if when > month), ZERO)
            ahead -= sum((usd for when, usd in paid.items() if when > month), ZERO)
            key = (str(month), group(books, contract.supply_id))
            prepaid, due, mw = found[key]
            drawn_mw = contract.drawn_mw(month)
            found[key] = (prepaid + max(ahead, ZERO), due + owed(contract, month), mw + drawn_mw)
    for month in ledger(books):
        for promise, _, usd in money.promises_after(month):
            key = (str(month), group(books, promise.key))
            prepaid, due, mw = found[key]
            found[key] = (prepaid, due + usd, mw)
    return dict(found)


def group(books: Books, key: str) -> str:
    """Group of the provider of an offer, a contract in force or a commitment; the provider if it is in none."""
    instance = books.instance
    provider = {**instance.offers, **instance.signed, **instance.commitments}[key].provider
    return instance.providers[provider].group or provider


def balance(books: Books, money: Ledger) -> dict[tuple, tuple[Decimal, ...]]:
    """(month,) -> funding, other cash, cash out, balance and minimum; empty without funding."""
    rules, total, found = books.instance.finance, ZERO, {}
    for month in books.calendar.months if rules.funding_usd else []:
        first = month == books.calendar.start
        arrives = [usd for when, usd in rules.funding_usd.items() if when == month or (first and when < month)]
        funding, other = sum(map(exact, arrives), ZERO), price_in(rules.other_cash_usd, month)
        out = money.cash_by_month.get(month, ZERO)
        total += funding + other - out
        found[(str(month),)] = (funding, other, out, total, exact(rules.cash_min_usd))
    return found


def savings(books: Books, money: Ledger) -> tuple[Decimal | None, Decimal | None]:
    """Effective savings rate in the horizon, and the share of the accelerator-hours used that it covers.

    An offer counts if each accelerator is on demand somewhere in the horizon, and in each month in which it is used.
    """

    @cache
    def listed(accelerator: str, month: Month) -> Decimal | None:
        prices = [
            price_in(offer.elastic.usd_per_accelerator_hour, month)
            for offer in books.instance.offers.values()
            if offer.elastic is not None and offer.elastic.market == "on_demand" and offer.accelerator == accelerator
            if offer.start.earliest is None or month >= offer.start.earliest
            if offer.start.latest is None or month <= offer.start.latest
        ]
        return min(prices, default=None)

    months, by_supply = books.calendar.months, defaultdict(list)
    for pool, place in books.pools.items():
        if place.accelerator is not None:
            by_supply[place.supply].append((pool, place.accelerator))
    equivalent, actual, covered, hours, priced = ZERO, ZERO, ZERO, ZERO, set()
    cost, billed = effective(books, money)[1], defaultdict(lambda: ZERO)
    for (month, line, offer), usd in money.cash.items():
        if line in ("egress", "tokens"):
            billed[str(month), offer] += usd
    for supply, mine in by_supply.items():
        used = {(name, month): used_hours(books, pool, month) for pool, name in mine for month in months}
        hours += sum(used.values(), ZERO)
        sold = all(any(listed(name, month) is not None for month in months) for _, name in mine)
        if sold and all(listed(*key) is not None for key, amount in used.items() if amount):
            covered += sum(used.values(), ZERO)
            equivalent += sum((amount * listed(*key) for key, amount in used.items() if amount), ZERO)
            keys = [(str(month), supply) for month in months]
            actual += sum((cost.get(key, ZERO) - billed[key] for key in keys), ZERO)
            priced.add(supply)
    for (month, _, key), usd in money.cash.items():
        if key in books.promises and month <= months[-1] and priced & set(books.promises[key].counted):
            actual += usd
    return (equivalent - actual) / equivalent if equivalent else None, covered / hours if hours else None


def herfindahl(amounts: dict[str, Decimal]) -> Decimal | None:
    """Sum of squared shares."""
    total = sum(amounts.values(), ZERO)
    return sum(((amount / total) ** 2 for amount in amounts.values()), ZERO) if total > 0 else None


def power_months(books: Books) -> dict[str, Decimal]:
    """Group -> megawatt-months in service in the horizon."""
    found: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for contract in books.contracts.values():
        for month in books.calendar.months:
            found[group(books, contract.supply_id)] += contract.drawn_mw(month)
    return dict(found)


def spend(books: Books, money: Ledger) -> dict[str, Decimal]:
    """Group -> undiscounted payments in the horizon."""
    found: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for (month, _, offer), usd in money.cash.items():
        if month <= books.calendar.months[-1]:
            found[group(books, offer)] += usd
    return dict(found)
