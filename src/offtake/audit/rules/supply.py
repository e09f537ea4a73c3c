"""What serves: only what was bought or can be had, on hardware that meets the targets, and what is used is paid."""

from __future__ import annotations

from decimal import Decimal

from ..books import Books
from ..ledger import Ledger
from ..numbers import ZERO, figure
from ..report import Check


def decisions_name_what_exists(check: Check, books: Books, money: Ledger) -> None:
    """Every decision names a pool, workload, period, block and contract that exist, once, and is not negative."""
    decisions = books.decisions
    for _ in (
        *decisions.serve,
        *decisions.unserved,
        *decisions.beyond,
        *decisions.sublet,
        *decisions.ported,
        *decisions.rerouted,
        *decisions.late,
    ):
        check.fails(True)
    for sentence in decisions.strays:
        check.fails(False)
        check.find(sentence)


def eligible_only(check: Check, books: Books, money: Ledger) -> None:
    """A workload runs only where it fits, is allowed and meets its latency targets."""
    for pool, workload, period, block, _, amount in books.decisions.serve:
        serving = books.serving_rates[pool, workload]
        if not serving.eligible and check.exceeds(amount, ZERO):
            check.find(
                f"{workload} runs on {figure(amount)} of {pool} in {books.calendar.slot(period, block)}, "
                f"where it is not eligible: {serving.reason}"
            )
        elif serving.eligible:
            check.fails(True)


def capacity_held(check: Check, books: Books, money: Ledger) -> None:
    """No pool of a contract serves and lets more than its contracts deliver throughout the period."""
    for pool, place in books.pools.items():
        if books.limit(pool, 0) is not None:
            continue
        for period, months in enumerate(books.calendar.periods):
            legs = [leg for legs in books.pool_legs(pool).values() for leg in legs]
            held = sum((leg.held(place.accelerator, months) for leg in legs), ZERO)
            let = books.let.get((pool, period), ZERO)
            for block in range(books.calendar.blocks):
                used = books.used.get((pool, period, block), ZERO)
                if check.exceeds(used + let, held):
                    check.find(
                        f"{pool} serves with {figure(used)} accelerators{_lets(let)} in "
                        f"{books.calendar.slot(period, block)}; its contracts deliver {figure(held)}"
                    )


def _lets(accelerators: Decimal) -> str:
    return f" and lets {figure(accelerators)}" if accelerators else ""


def elastic_within_limit(check: Check, books: Books, money: Ledger) -> None:
    """No pool without a contract serves more than it offers in the period."""
    for pool, place in books.pools.items():
        unit = "requests/s" if place.accelerator is None else "accelerators"
        for period in range(len(books.calendar.periods)):
            limit = books.limit(pool, period)
            if limit is None:
                continue
            for block in range(books.calendar.blocks):
                used = books.used.get((pool, period, block), ZERO)
                if check.exceeds(used, limit):
                    check.find(
                        f"{pool} serves with {figure(used)} {unit} in {books.calendar.slot(period, block)}; "
                        f"it offers {figure(limit)}"
                    )


def use_is_paid(check: Check, books: Books, money: Ledger) -> None:
    """Hours used of a pool, or let, are within the shares that are paid whether used or not, and those paid beyond."""
    for pool, place in books.pools.items():
        legs = books.pool_legs(pool)
        if all(leg.term.take_or_pay == 1 for each in legs.values() for leg in each):
            continue
        for period, months in enumerate(books.calendar.periods):
            paid = sum((leg.paid_hours(place.accelerator, months) for each in legs.values() for leg in each), ZERO)
            beyond = sum((books.beyond_hours.get((key, pool, period), ZERO) for key in legs), ZERO)
            let = books.calendar.hours(period) * books.let.get((pool, period), ZERO)
            used = books.used_hours.get((pool, period), ZERO) + let
            if check.exceeds(used, paid + beyond):
                check.find(
                    f"{pool} is used for {figure(used)} accelerator-hours in {books.calendar.name(period)}; "
                    f"{figure(paid)} are paid whether used or not and {figure(beyond)} beyond"
                )


def beyond_within_allowance(check: Check, books: Books, money: Ledger) -> None:
    """Hours paid beyond the take-or-pay share are at most what the contract delivers beyond it."""
    for (key, pool, period), hours in books.beyond_hours.items():
        legs, months = books.legs[key], books.calendar.periods[period]
        name = books.pools[pool].accelerator
        allowance = sum((leg.delivered_hours(name, months) - leg.paid_hours(name, months) for leg in legs), ZERO)
        if check.exceeds(hours, allowance):
            check.find(
                f"{legs[0].supply_id} is billed {figure(hours)} accelerator-hours of {pool} beyond its "
                f"take-or-pay share in {books.calendar.name(period)}; it delivers {figure(allowance)} beyond it"
            )
