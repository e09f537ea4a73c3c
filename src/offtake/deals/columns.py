"""Offers to columns: every way to sign them, contracts in force, and the rights that follow from both.

A *column* is an offer with a start month, a term and a step of its volume tiers, or a right exercised in some month.
"""

from __future__ import annotations

from ..instance.months import Month
from ..instance.schema import Instance, Offer, SignedContract, Supply, Term, Uncertainty
from . import commitments, options, payments, tiers
from .agreement import Agreement, column_of, shares_of
from .column import Column


def start_months(instance: Instance, offer: Offer) -> list[Month]:
    """First service months in which the offer may be signed, given its window, lead and expiry."""
    first = instance.horizon.start
    end = first + instance.horizon.months
    lead = offer.start.lead_months
    earliest = offer.start.earliest if offer.start.earliest is not None else first + lead
    latest = offer.start.latest if offer.start.latest is not None else end - 1
    months = [Month(month) for month in range(earliest, min(latest, end - 1) + 1, offer.start.every_months)]
    return [
        month
        for month in months
        if month - lead >= first and month >= first and (offer.sign_by is None or month - lead <= offer.sign_by)
    ]


def ledger_months(instance: Instance) -> int:
    """Months from the start of the horizon to its end, or to the last in which anything that may be signed is paid in
    some future."""
    first = instance.horizon.start
    ends = [first + instance.horizon.months]
    for offer in instance.offers.values():
        starts = start_months(instance, offer)
        for start in starts if offer.renewal or offer.expansion else starts[-1:]:
            signing = start - offer.start.lead_months
            ends.extend(_last_month(instance, offer, term, start, signing) + 1 for term in offer.terms)
    ends.extend(_last_month(instance, held, held.term, held.start, None) + 1 for held in instance.signed.values())
    ends.extend(commitments.last_month(instance.commitments[key]) + 1 for key in commitments.considered(instance))
    return max(ends) - first + _longest_delay(instance.uncertainty)


def _last_month(instance: Instance, supply: Supply, term: Term, start: Month, signing: Month | None) -> Month:
    """The last month in which a contract, or what may follow it, serves or is paid."""
    last = payments.last_month(term, start, signing)
    for begin in options.renewal_starts(instance, supply, term, start, signing)[-1:]:
        last = max(last, begin + supply.renewal.months)
    for call in options.calls(instance, supply, start, signing)[-1:]:
        last = max(last, call + (supply.expansion.lead_months + supply.expansion.months))
    return last


def _longest_delay(uncertainty: Uncertainty | None) -> int:
    scenarios = [] if uncertainty is None else list(uncertainty.scenarios.values())
    stated = [value for scenario in scenarios for value in scenario.delay_months.values()]
    return max((max(value.values()) if isinstance(value, dict) else value for value in stated), default=0)


def columns(instance: Instance, ledger: int | None = None) -> list[Column]:
    """Every column of an instance of one future: offers in the order of the file, then contracts in force that still
    deliver or are paid, then what may follow each of them. `ledger`: its months, by default as many as it takes.

    The futures of one instance have the same columns in the same order.
    """
    ledger = ledger_months(instance) if ledger is None else ledger
    agreements = [*_on_offer(instance, ledger), *_in_force(instance, ledger)]
    found = [column_of(agreement) for agreement in agreements]
    for position, agreement in enumerate(agreements):
        options.add_follow_ons(found, agreement, position)
    return found


def _on_offer(instance: Instance, ledger: int) -> list[Agreement]:
    return [
        Agreement(instance, key, offer, number, term, rung, start, start - offer.start.lead_months, shares, ledger)
        for key, offer in instance.offers.items()
        for number, term in enumerate(offer.terms)
        for shares in [shares_of(offer, term.months)]
        for start in start_months(instance, offer)
        for rung in tiers.rungs(term.tiers, offer.blocks.min, offer.blocks.max)
    ]


def _in_force(instance: Instance, ledger: int) -> list[Agreement]:
    found = []
    for key, held in instance.signed.items():
        if _last_month(instance, held, held.term, held.start, None) >= instance.horizon.start:
            rung, shares = tiers.rungs(held.term.tiers, held.blocks, held.blocks)[0], shares_of(held, held.term.months)
            found.append(Agreement(instance, key, held, 0, held.term, rung, held.start, None, shares, ledger))
    return found


def ways(instance: Instance, supply: Offer | SignedContract) -> int:
    """How many columns a supply makes."""
    if isinstance(supply, SignedContract):
        return 1 + _following(instance, supply, supply.term, supply.start, None)
    lead = supply.start.lead_months
    return sum(
        len(tiers.rungs(term.tiers, supply.blocks.min, supply.blocks.max))
        * (1 + _following(instance, supply, term, start, start - lead))
        for term in supply.terms
        for start in start_months(instance, supply)
    )


def _following(instance: Instance, supply: Supply, term: Term, start: Month, signing: Month | None) -> int:
    called = len(options.calls(instance, supply, start, signing))
    renewed = len(options.renewal_starts(instance, supply, term, start, signing))
    return len(options.notices(instance, term, start, signing)) + renewed + called + bool(called)
