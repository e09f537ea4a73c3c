"""The ledgers of finance, recomputed: what is owed by fiscal year, effective cost, exposure by group, cash balance.

Each function gives rows by their key. A statement is drawn up at the end of a month, when what is due in it is paid.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from functools import cache

from offtake.instance.months import Month

from .books import Books
from .contracts import Contract
from .ledger import Ledger
from .numbers import ONE, ZERO, exact, price_in
from .spend import drawn

MONTHLY_LINES = ("letters_of_credit", "sla_credits", "power", "break_fees")
"""belong to the month in which they are billed"""

PAY_OUT, GIVE_NOTICE = "pay all that is owed", "give notice"
"""ways out of a contract"""

Money = dict[tuple, Decimal]


def dates(books: Books) -> list[Month]:
    """The ends of the first month of the horizon, of its fiscal years, and of its last month."""
    begins, months = books.instance.finance.fiscal_year_start, books.calendar.months
    return [m for m in months if m in (months[0], months[-1]) or (m + 1).number == begins]


def obligations_by_year(books: Books, money: Ledger) -> Money:
    """(date, commenced, fiscal year from the date or later) -> payments of contracts signed by then."""
    begins, found = books.instance.finance.fiscal_year_start, defaultdict(lambda: ZERO)
    for date in dates(books):
        for leg in books.all_legs:
            for entry in leg.owed_after(date):
                years = entry.month.fiscal_year(begins) - (date + 1).fiscal_year(begins) + 1
                found[str(date), leg.start <= date, years if years <= 5 else "later"] += entry.usd
        for promise, due, usd in money.promises_after(date):
            years = due.fiscal_year(begins) - (date + 1).fiscal_year(begins) + 1
            begun = promise.stated.window.start <= date
            found[str(date), begun, years if years <= 5 else "later"] += usd
    return dict(found)


def owed(contract: Contract, date: Month) -> Decimal:
    """Non-cancellable payments of a contract after a date; nothing before it is signed."""
    return sum((entry.usd for entry in contract.owed_after(date)), ZERO)


def lock_in(books: Books, money: Ledger, date: Month) -> tuple[Decimal, Decimal]:
    """Dollars owed after a date, and months from it to the end of each contract, weighted by them.

    The end is that of the term, or the earliest by notice where it is cheaper to leave.
    """
    each = [(owed(part, date), _end(part, date) - 1 - date) for leg in books.all_legs for part in leg.parts]
    for promise, _, usd in money.promises_after(date):
        each.append((usd, promise.stated.window.start + (promise.stated.window.months - 1) - date))
    total = sum((usd for usd, _ in each), ZERO)
    weighted = sum((usd * max(months, 0) for usd, months in each), ZERO)
    return total, weighted / total if total else ZERO


def _end(contract: Contract, date: Month) -> Month:
    known = contract.known_after(date)
    leaving = known.leaving(date)
    return known.end if leaving is None else leaving.month


def termination(books: Books, money: Ledger) -> Money:
    """(month, offer or contract) -> what is owed after it: to pay, or by giving notice where that is cheaper."""
    found: Money = defaultdict(lambda: ZERO)
    for month in ledger(books):
        for leg in books.all_legs:
            found[str(month), leg.supply_id] += owed(leg, month)
        for promise, _, usd in money.promises_after(month):
            found[str(month), promise.key] += usd
    return dict(found)


def ways_out(books: Books) -> dict[tuple, str]:
    """(month, offer or contract) -> the cheapest way out after it, where something is owed."""
    found: dict[tuple, str] = {}
    for month in ledger(books):
        for part in (part for leg in books.all_legs for part in leg.parts if owed(part, month)):
            by_notice = part.known_after(month).leaving(month) is not None
            if by_notice or (str(month), part.supply_id) not in found:
                found[str(month), part.supply_id] = GIVE_NOTICE if by_notice else PAY_OUT
    return found


def ledger(books: Books) -> list[Month]:
    """Months from the start of the horizon to the last payment or month of service."""
    last = [books.calendar.months[-1]]
    for contract in books.contracts.values():
        last += [contract.end - 1, *(entry.month for entry in contract.due)]
    last += [promise.months[-1] for promise in books.promises.values()]
    return [books.calendar.start + k for k in range(max(last) - books.calendar.start + 1)]


def service_cost(contract: Contract) -> dict[Month, Decimal]:
    """Fixed payments of a contract by the month whose service uses them up.

    The fixed fee of each month; monthly lines as billed; what is lost because it ends early, in that month; the rest by
    accelerators contracted, in the month of the first payment if there are none. What a contract in force paid or
    received beside its fees is history.
    """
    found: dict[Month, Decimal] = defaultdict(lambda: ZERO)
    for month in contract.months:
        found[month] += contract.fixed[month]
    for entry in contract.due:
        if entry.line in MONTHLY_LINES:
            found[entry.month] += entry.usd
    if contract.ending is not None:
        found[contract.ending.month] += _lost(contract)
    if contract.signing is None or not contract.due:
        return found
    rest = contract.fixed_cash - sum(found.values(), ZERO)
    weights = {month: contract.contracted(month) for month in contract.months}
    total = sum(weights.values(), ZERO)
    if not total:
        weights, total = {min(entry.month for entry in contract.due): ONE}, ONE
    for month, weight in weights.items():
        found[month] += rest * weight / total
    return found


def _lost(contract: Contract) -> Decimal:
    """What is prepaid and neither used up nor comes back, and a deposit that does not."""
    ending = contract.ending
    unused = ZERO if ending.by == "seller" else contract.unused(ending)
    return unused + (contract.deposit if ending.by == "failure" else ZERO)


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
    for leg in books.all_legs:
        service = service_cost(leg)
        for month, usd in service.items():
            if month >= books.calendar.start:
                cost[str(month), leg.supply_id] += usd
        for month, usd in _cash(leg).items():
            if month >= books.calendar.start:
                cost[str(month), leg.supply_id] -= usd
        for month in books.calendar.months:
            idle[str(month), leg.supply_id] += service.get(month, ZERO)
    idle = {key: usd * (1 - _used_share(books, *key)) for key, usd in idle.items()}
    for promise in books.promises.values():
        for month in books.calendar.months:
            paid = [money.cash.get((month, line, promise.key), ZERO) for line in ("commitments", "shortfall")]
            idle[str(month), promise.key] = sum(paid, ZERO) - drawn(books, promise, [month])
    return dict(billed), dict(cost), idle


def _used_share(books: Books, month: str, supply: str) -> Decimal:
    """Accelerator-hours at work or let over those that are paid whether used or not; 0 where nothing is delivered."""
    when = Month.parse(month)
    legs = [leg for leg in books.all_legs if leg.supply_id == supply]
    paid = sum((leg.paid_hours(name, [when]) for leg in legs for name in leg.counts), ZERO)
    pools = [pool for pool, place in books.pools.items() if place.supply == supply]
    used = sum((used_hours(books, pool, when) + _let_hours(books, pool, when) for pool in pools), ZERO)
    return min(used / paid, Decimal(1)) if paid else ZERO


def used_hours(books: Books, pool: str, month: Month) -> Decimal:
    """Accelerator-hours of a pool at work in a month of the horizon."""
    period = books.calendar.period_of(month)
    return books.used_hours.get((pool, period), ZERO) * month.hours / books.calendar.hours(period)


def _let_hours(books: Books, pool: str, month: Month) -> Decimal:
    return books.let.get((pool, books.calendar.period_of(month)), ZERO) * month.hours


def exposure(books: Books, money: Ledger) -> dict[tuple, tuple[Decimal, Decimal, Decimal]]:
    """(month, group) -> paid and not used after it, owed after it, megawatts in service in it."""
    found: dict[tuple, tuple[Decimal, Decimal, Decimal]] = defaultdict(lambda: (ZERO, ZERO, ZERO))
    for leg in books.all_legs:
        service, paid = service_cost(leg), _cash(leg)
        for month in ledger(books):
            ahead = sum((usd for when, usd in service.items() if when > month), ZERO)
            ahead -= sum((usd for when, usd in paid.items() if when > month), ZERO)
            key = (str(month), group(books, leg.supply_id))
            prepaid, due, mw = found[key]
            found[key] = (prepaid + max(ahead, ZERO), due + owed(leg, month), mw + leg.drawn_mw(month))
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
            books.price_factor(key, month) * price_in(offer.elastic.usd_per_accelerator_hour, month)
            for key, offer in books.instance.offers.items()
            if offer.elastic is not None and offer.elastic.market == "on_demand" and offer.accelerator == accelerator
            if books.stands(key, [month])
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
    for leg in books.all_legs:
        for month in books.calendar.months:
            found[group(books, leg.supply_id)] += leg.drawn_mw(month)
    return dict(found)


def spend(books: Books, money: Ledger) -> dict[str, Decimal]:
    """Group -> undiscounted payments in the horizon."""
    found: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for (month, line, offer), usd in money.cash.items():
        if month <= books.calendar.months[-1] and line != "ports":
            found[group(books, offer)] += usd
    return dict(found)
