"""Who is served: all demand, but for what may be left unserved at a price, and batch work in its window."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ..books import SECONDS_PER_HOUR, Books
from ..ledger import Ledger
from ..numbers import ZERO, figure
from ..report import Check


def demand_met(check: Check, books: Books, money: Ledger) -> None:
    """Interactive work is served at its peak in every block, less what is left unserved at a price."""
    for workload, demand in books.demand.items():
        if demand.waiting_periods is not None:
            continue
        for period, row in enumerate(demand.provision):
            for block, needed in enumerate(row):
                served = books.served.get((workload, period, block), ZERO)
                if check.exceeds(needed, served):
                    check.find(
                        f"{workload} needs {figure(needed)} requests/s in {books.calendar.slot(period, block)} "
                        f"and gets {figure(served)}, unserved demand included"
                    )


def unserved_is_priced(check: Check, books: Books, money: Ledger) -> None:
    """Demand is left unserved only where a price is set, and never more than there is."""
    for workload, period, block, _, rate in books.decisions.unserved:
        slot = books.calendar.slot(period, block)
        stated = books.instance.workloads[workload]
        priced = stated.unserved_usd_per_request is not None or stated.value_usd_per_request is not None
        if check.exceeds(rate, ZERO if not priced else books.demand[workload].provision[period][block]):
            why = (
                f"the demand is {figure(books.demand[workload].provision[period][block])}"
                if priced
                else "it must be served: the instance sets neither unserved_usd_per_request nor value_usd_per_request"
            )
            check.find(f"{workload} is left {figure(rate)} requests/s unserved in {slot}; {why}")


def batch_done_after_arrival(check: Check, books: Books, money: Ledger) -> None:
    """Batch work is not done before it arrives."""
    for workload, _, done, arrived in _cumulative(books):
        for period, (so_far, most) in enumerate(zip(done, arrived, strict=True)):
            if check.exceeds(so_far, most):
                check.find(
                    f"{workload} has done {figure(so_far)} requests by the end of "
                    f"{books.calendar.name(period)}, and only {figure(most)} have arrived"
                )


def batch_done_in_time(check: Check, books: Books, money: Ledger) -> None:
    """Batch work waits no longer than its window, and nothing is left over at the end."""
    for workload, wait, done, arrived in _cumulative(books):
        last = len(done) - 1
        for period, so_far in enumerate(done):
            due = arrived[period] if period == last else arrived[period - wait] if period >= wait else ZERO
            if check.exceeds(due, so_far):
                check.find(
                    f"{workload} has done {figure(so_far)} requests by the end of "
                    f"{books.calendar.name(period)}; {figure(due)} had to be done by then"
                )


def _cumulative(books: Books) -> Iterator[tuple[str, int, list[Decimal], list[Decimal]]]:
    """For each batch workload: its waiting periods, and requests done and arrived by the end of each period."""
    for workload, demand in books.demand.items():
        if demand.waiting_periods is not None:
            done = [
                [books.served.get((workload, period, block), ZERO) for block in range(books.calendar.blocks)]
                for period in range(len(demand.provision))
            ]
            yield workload, demand.waiting_periods, _running(books, done), _running(books, demand.provision)


def _running(books: Books, rates: list[list[Decimal]]) -> list[Decimal]:
    """Requests up to the end of each period, from rates by period and block."""
    total, found = ZERO, []
    for period, row in enumerate(rates):
        seconds = books.calendar.hours(period) * books.calendar.block_share * SECONDS_PER_HOUR
        total += seconds * sum(row, ZERO)
        found.append(total)
    return found
