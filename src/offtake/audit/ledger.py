"""The plan's money, recomputed from its decisions: cash by month, obligations, and the objective by line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from offtake.instance.months import Month

from . import spend, stability, training
from .books import SECONDS_PER_HOUR, Books
from .follow_ons import Break
from .numbers import ZERO, exact, price_in
from .promises import Part, Promise

COST_LINES = (
    "contracts",
    "tail_value",
    "use_beyond",
    "elastic",
    "tokens",
    "egress",
    "commitments",
    "shortfall",
    "unserved",
    "lateness",
    "value",
    "carbon",
    "sublease",
    "ports",
    "changes",
)


class Payment(NamedTuple):
    """Cash out."""

    month: Month
    line: str
    offer: str
    """or contract in force"""
    usd: Decimal


@dataclass(frozen=True)
class Ledger:
    """Money of the plan and of the contracts in force, from the horizon's first month on."""

    books: Books

    @cached_property
    def cash(self) -> dict[tuple[Month, str, str], Decimal]:
        """USD by month, line and offer."""
        found: dict[tuple[Month, str, str], Decimal] = defaultdict(lambda: ZERO)
        fixed = [*_fixed_payments(self.books), *_sublets(self.books), *spend.payments(self.books)]
        for month, line, offer, usd in [*fixed, *_ports(self.books), *self._use]:
            found[month, line, offer] += usd
        for promise, part, usd in self.shortfalls:
            found[part.due, "shortfall", promise.key] += usd
        return dict(found)

    @cached_property
    def shortfalls(self) -> list[tuple[Promise, Part, Decimal]]:
        """What each part of a spend commitment that is trued up lacks in the end."""
        return list(spend.shortfalls(self.books, self._use))

    def spent(self, promise: Promise, part: Part) -> Decimal:
        """What counts in the end toward a part of a spend commitment that is trued up."""
        return spend.counted(self.books, self._use, promise, part, part.due)

    @cached_property
    def cash_by_month(self) -> dict[Month, Decimal]:
        """USD by month."""
        found: dict[Month, Decimal] = defaultdict(lambda: ZERO)
        for (month, _, _), usd in self.cash.items():
            found[month] += usd
        return dict(found)

    @cached_property
    def obligations(self) -> dict[Month, Decimal]:
        """Fixed fees still due after each month, undiscounted, deals and contracts in force together."""
        found: dict[Month, Decimal] = defaultdict(lambda: ZERO)
        for leg in self.books.all_legs:
            for month, usd in leg.owed(since=self.books.calendar.start).items():
                found[month] += usd
        for month, usd in self._promised.items():
            found[month] += usd
        return dict(sorted(found.items()))

    @cached_property
    def _promised(self) -> dict[Month, Decimal]:
        """What spend commitments owe after each month."""
        last = max((promise.months[-1] for promise in self.books.promises.values()), default=self.books.calendar.start)
        months = [self.books.calendar.start + k for k in range(last - self.books.calendar.start)]
        return {month: sum((usd for _, _, usd in self.promises_after(month)), ZERO) for month in months}

    def promises_after(self, date: Month) -> list[tuple[Promise, Month, Decimal]]:
        """What each spend commitment owes after a date, by the month in which it is due at the latest."""
        return list(spend.due_after(self.books, self._use, date))

    @cached_property
    def cost(self) -> dict[str, Decimal]:
        """The objective by line, discounted."""
        calendar, found = self.books.calendar, dict.fromkeys(COST_LINES, ZERO)
        tail = sum((deed.tail(calendar) for deed in self.books.deeds.values()), ZERO)
        found["contracts"] = sum((deed.charge(calendar) for deed in self.books.deeds.values()), ZERO) + tail
        found["tail_value"] = -tail
        for month, line, _, usd in [*self._use, *_sublets(self.books), *_ports(self.books)]:
            found[line] += calendar.discount(month) * usd
        for promise in self.books.promises.values():
            for month, usd in promise.paid.items():
                found["commitments"] += promise.charge_factor(month, month <= calendar.months[-1]) * usd
        for promise, part, usd in self.shortfalls:
            found["shortfall"] += promise.charge_factor(part.due, part.in_horizon) * usd
        found["unserved"] = sum(_penalties(self.books), ZERO)
        found["lateness"] = sum(training.penalties(self.books), ZERO)
        found["value"] = -sum(self.value.values(), ZERO)
        found["carbon"] = sum(_carbon(self.books), ZERO)
        found["changes"] = stability.charge(self.books)
        return found

    @cached_property
    def value(self) -> dict[str, Decimal]:
        """What the requests served bring, discounted, by workload that says what one is worth."""
        calendar, found = self.books.calendar, {}
        stated = {key: self.books.instance.workloads[key].value_usd_per_request for key in self.books.demand}
        for key, usd in stated.items():
            if usd is None:
                continue
            found[key] = ZERO
            for period, months in enumerate(calendar.periods):
                worth = (calendar.discount(month) * month.hours * price_in(usd, month) for month in months)
                requests = self.books.served_requests.get((key, period), ZERO)
                found[key] += requests * sum(worth, ZERO) / calendar.hours(period)
        return found

    @property
    def objective(self) -> Decimal:
        return sum(self.cost.values(), ZERO)

    @cached_property
    def _use(self) -> list[Payment]:
        less = [Payment(*entry) for entry in spend.reductions(self.books)]
        return [*_use_payments(self.books), *less]


def _fixed_payments(books: Books) -> Iterator[Payment]:
    """Contracts in force are one line; what follows them is a deal like any other."""
    for deed in books.deeds.values():
        for month, line, usd in deed.due:
            yield Payment(month, line, deed.supply_id, usd)
    for key, contract in books.register.in_force.items():
        for month, _, usd in contract.due:
            if month >= books.calendar.start:
                yield Payment(month, "in_force", key, usd)


def _sublets(books: Books) -> Iterator[Payment]:
    """What comes in for capacity that is let to others."""
    for (pool, period), let in books.let.items():
        for month in books.calendar.periods[period]:
            earned = let * month.hours * books.sublease_usd(pool, month)
            yield Payment(month, "sublease", books.pools[pool].supply, -earned)


def _ports(books: Books) -> Iterator[Payment]:
    """What each port costs, evenly over its months; each time that it begins."""
    for model, family, month, _ in books.decisions.ported:
        port = books.asked_ports[model, family]
        for j in range(port.months):
            usd = exact(port.usd) / port.months
            yield Payment(books.calendar.start + month + j, "ports", f"{model}/{family}", usd)


def _use_payments(books: Books) -> Iterator[Payment]:
    """Cash that depends on use. The objective pays it also for contracts in force."""
    for (key, _, period), hours in books.beyond_hours.items():
        contract, months = books.contracts[key], books.calendar.periods[period]
        due = contract.usd_per_hour_beyond(months) * hours
        for month in months:
            yield Payment(month, "use_beyond", contract.supply_id, due * month.hours / books.calendar.hours(period))
    for (pool, workload, period), use in books.mean_use.items():
        requests_per_hour = SECONDS_PER_HOUR * books.rate(pool, workload, period)
        supply = books.pools[pool].supply
        for month in books.calendar.periods[period]:
            hours = use * month.hours
            yield Payment(month, "elastic", supply, hours * books.elastic_price(pool, month))
            tokens = requests_per_hour * books.tokens_per_request(pool, workload, month)
            yield Payment(month, "tokens", supply, hours * tokens)
            egress = requests_per_hour * books.egress_per_request(pool, workload, month)
            yield Payment(month, "egress", supply, hours * egress)


def _carbon(books: Books) -> Iterator[Decimal]:
    """The price on emissions inside the horizon, discounted; those of contracts in force are sunk, as long as they are
    kept."""
    price = exact(books.instance.policy.carbon_usd_per_tonne or 0)
    if not price:
        return
    for month in books.calendar.months:
        tonnes = sum((books.tonnes(contract, month) for contract in books.deals.values()), ZERO)
        breaks = [deed for deed in books.deeds.values() if isinstance(deed, Break)]
        tonnes += sum((books.tonnes(each.leaving, month) - books.tonnes(each.staying, month) for each in breaks), ZERO)
        yield price * books.calendar.discount(month) * (tonnes + books.elastic_tonnes(month))


def _penalties(books: Books) -> Iterator[Decimal]:
    """Discounted penalties, one for each decision to leave demand unserved."""
    for workload, period, block, _, rate in books.decisions.unserved:
        price = exact(books.instance.workloads[workload].unserved_usd_per_request or 0)
        requests = books.mean_requests(workload, period, block, rate)
        yield requests * price * books.calendar.period_discount(period)
