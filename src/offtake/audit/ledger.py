"""The plan's money, recomputed from its decisions: cash by month, obligations, and the objective by line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from offtake.instance.months import Month

from .books import SECONDS_PER_HOUR, Books
from .numbers import ZERO, exact

CASH_LINES = ("fees", "prepayments", "signing_fees", "in_force", "use_beyond", "elastic", "tokens", "egress")
COST_LINES = ("contracts", "use_beyond", "elastic", "tokens", "egress", "unserved")


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
        for month, line, offer, usd in [*_fixed_payments(self.books), *self._use]:
            found[month, line, offer] += usd
        return dict(found)

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
        for contract in self.books.contracts.values():
            for month, usd in contract.owed(since=self.books.calendar.start).items():
                found[month] += usd
        return dict(sorted(found.items()))

    @cached_property
    def cost(self) -> dict[str, Decimal]:
        """The objective by line, discounted."""
        calendar, found = self.books.calendar, dict.fromkeys(COST_LINES, ZERO)
        found["contracts"] = sum((contract.charge(calendar) for contract in self.books.deals.values()), ZERO)
        for month, line, _, usd in self._use:
            found[line] += calendar.discount(month) * usd
        found["unserved"] = sum(_penalties(self.books), ZERO)
        return found

    @property
    def objective(self) -> Decimal:
        return sum(self.cost.values(), ZERO)

    @cached_property
    def _use(self) -> list[Payment]:
        return list(_use_payments(self.books))


def _fixed_payments(books: Books) -> Iterator[Payment]:
    for contract in books.contracts.values():
        supply, signing = contract.supply_id, contract.signing
        if signing is not None:
            yield Payment(signing, "prepayments", supply, contract.prepayment)
            yield Payment(signing, "signing_fees", supply, contract.signing_fee)
        line = "in_force" if signing is None else "fees"
        for month, fee in contract.fees.items():
            if month >= books.calendar.start:
                yield Payment(month, line, supply, fee)


def _use_payments(books: Books) -> Iterator[Payment]:
    """Cash that depends on use. The objective pays it also for contracts in force."""
    for (key, _, period), hours in books.beyond_hours.items():
        contract, months = books.contracts[key], books.calendar.periods[period]
        due = contract.usd_per_hour_beyond(months) * hours
        for month in months:
            yield Payment(month, "use_beyond", contract.supply_id, due * month.hours / books.calendar.hours(period))
    for (pool, workload, period), use in books.mean_use.items():
        requests_per_hour = SECONDS_PER_HOUR * books.rate(pool, workload, period)
        tokens = requests_per_hour * books.tokens_per_request(pool, workload)
        egress = requests_per_hour * books.egress_per_request(pool, workload)
        supply = books.pools[pool].supply
        for month in books.calendar.periods[period]:
            hours = use * month.hours
            yield Payment(month, "elastic", supply, hours * books.elastic_price(pool, month))
            yield Payment(month, "tokens", supply, hours * tokens)
            yield Payment(month, "egress", supply, hours * egress)


def _penalties(books: Books) -> Iterator[Decimal]:
    """Discounted penalties, one for each decision to leave demand unserved."""
    for workload, period, block, _, rate in books.decisions.unserved:
        price = exact(books.instance.workloads[workload].unserved_usd_per_request or 0)
        requests = books.mean_requests(workload, period, block, rate)
        yield requests * price * books.calendar.period_discount(period)
