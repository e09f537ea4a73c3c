"""Rules on break clauses, renewals and expansions: each must be of use in some contract, and in this horizon."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from .checks_dates import in_months, last_month, span, starts
from .checks_terms import (
    RIGHT_PRICE_KEYS,
    all_terms,
    first_service,
    has_fixed_fees,
    late_prices,
    rights,
    supplies,
    terms,
)
from .months import Month
from .pools import delivered_shares
from .schema import Cancel, Horizon, Offer, Renewal, SignedContract
from .sentences import Finding, Path, place
from .structure import Draft

Findings = Iterator[Finding]


def clauses(draft: Draft) -> Findings:
    """A break comes before the end of the term, and its fee is a share of something."""
    for at, _, term in all_terms(draft):
        clause = term.cancel
        if clause is None:
            continue
        soonest = clause.after_months + clause.notice_months
        if soonest >= term.months:
            message = f"this clause can never be used: the term has {in_months(term.months)}"
            label = f"ends it after {in_months(soonest)} at the earliest"
            help = "after_months and notice_months together must be fewer than the months of the term"
            yield Finding("E029", (*at, "cancel"), message, help, label, "key")
        if clause.fee_fraction and not has_fixed_fees(term):
            help = "it is a share of the fixed fees, and there are none; leave fee_fraction out"
            message = "fee_fraction has no meaning beside take_or_pay: 0"
            yield Finding("E021", (*at, "cancel", "fee_fraction"), message, help, "", "key")


def renewals(draft: Draft) -> Findings:
    """A renewal is called after its contract is signed, and delivers something."""
    for path, supply in supplies(draft):
        ways, at = [term for _, term in terms(path, supply)], (*path, "renewal")
        if supply.renewal is None or not ways:
            continue
        if isinstance(supply, Offer) and not _renewable(path, supply):
            longest = max(term.months for term in ways) + supply.start.lead_months
            message = f"this renewal can never be exercised: its notice is due before {place(path)} is signed"
            help = f"the longest term ends {in_months(longest)} after it is signed"
            yield Finding("E029", (*at, "notice_months"), message, help)
        if not any(delivered_shares(supply, term.months)[-1] for term in ways):
            message = f"the renewal of {place(path)} delivers nothing: the last month of a term does not"
            yield Finding("E029", at, message, "a renewal goes on with what that month delivers", "", "key")


def _renewable(path: Path, supply: Offer | SignedContract) -> list[int]:
    """Lengths of the terms whose notice is due no sooner than they are signed."""
    lengths = [term.months for _, term in terms(path, supply)]
    if isinstance(supply, SignedContract) or supply.renewal is None:
        return lengths
    return [months for months in lengths if supply.renewal.notice_months <= months + supply.start.lead_months]


def factors(draft: Draft) -> Findings:
    """A factor is on a price that is not zero, unless that is meant."""
    for path, supply in supplies(draft):
        ends_free = any(0 in term.fee_factor[: term.months][-1:] for _, term in terms(path, supply))
        for name, right in rights(supply):
            if right.factor is not None and ends_free and not supply.free:
                message = "the factor is on the price of the last month of the term, which fee_factor makes zero"
                help = f"write a price, or free: true in {place(path)} if it really costs nothing"
                yield Finding("E022", (*path, name, "factor"), message, help)


def expansions(draft: Draft) -> Findings:
    """An expansion is on at least one block, and its window is no less than a month."""
    for path, supply in supplies(draft):
        option, at = supply.expansion, (*path, "expansion")
        if option is None:
            continue
        if option.exercise.until_months < option.exercise.after_months:
            message = "until_months must not be below after_months"
            help = f"after_months is {option.exercise.after_months}"
            yield Finding("E029", (*at, "exercise", "until_months"), message, help)
        most = supply.blocks.max if isinstance(supply, Offer) else supply.blocks
        if Decimal(repr(option.blocks_per_block)) * most < 1:
            message = "this option can never be exercised: it is on less than one block"
            help = f"{place(path)} has {most} at most; the option is on so many times blocks_per_block, rounded down"
            yield Finding("E029", (*at, "blocks_per_block"), message, help)


def price_tables(draft: Draft, horizon: Horizon) -> Findings:
    """A price by month begins by the first month in which an option could serve."""
    for path, supply in supplies(draft):
        soonest = first_service(supply, horizon)
        firsts: dict[str, Month] = {}
        if supply.renewal is not None:
            firsts["renewal"] = soonest + min((term.months for _, term in terms(path, supply)), default=0)
        if supply.expansion is not None:
            called = max(soonest + supply.expansion.exercise.after_months, horizon.start)
            firsts["expansion"] = called + supply.expansion.lead_months
        for name, first in firsts.items():
            for key in RIGHT_PRICE_KEYS:
                why = f"the first month in which the {name} may serve"
                yield from late_prices((*path, name, key), getattr(getattr(supply, name), key), first, why)


def notices(draft: Draft, horizon: Horizon) -> Findings:
    """Break clauses under which no notice can be given in the horizon."""
    for at, supply, term in all_terms(draft):
        clause, possible = term.cancel, starts(supply, horizon)
        if clause is None or not possible or clause.after_months + clause.notice_months >= term.months:
            continue
        months = [month for start in possible for month in _notices(start, term.months, clause)]
        if not any(horizon.start <= month <= last_month(horizon) for month in months):
            message = "no notice under this clause can be given in the horizon"
            yield Finding("W010", (*at, "cancel"), message, _when("given", months, horizon), "", "key")


def _notices(start: Month, length: int, clause: Cancel) -> list[Month]:
    """Months in which notice may be given of a contract that begins in `start`."""
    return [start + m for m in range(clause.after_months, length - clause.notice_months, clause.every_months)]


def late_renewals(draft: Draft, horizon: Horizon) -> Findings:
    """Renewals that begin after the horizon, or whose notice is overdue."""
    for path, supply in supplies(draft):
        begins = [start + months for start in starts(supply, horizon) for months in _renewable(path, supply)]
        if supply.renewal is None or not begins:
            continue
        message = f"the renewal of {place(path)} cannot be exercised in the horizon"
        if min(begins) > last_month(horizon):
            help = f"it would begin in {min(begins)}; {span(horizon)}"
            yield Finding("W010", (*path, "renewal"), message, help, "", "key")
        elif isinstance(supply, SignedContract) and _due(supply, supply.renewal) < horizon.start:
            help = f"notice was due in {_due(supply, supply.renewal)}; {span(horizon)}"
            yield Finding("W010", (*path, "renewal"), message, help, "", "key")


def _due(contract: SignedContract, renewal: Renewal) -> Month:
    return contract.start + (contract.term.months - renewal.notice_months)


def late_expansions(draft: Draft, horizon: Horizon) -> Findings:
    """Expansions that cannot be called in the horizon, or serve only after it."""
    last = last_month(horizon)
    for path, supply in supplies(draft):
        option, possible = supply.expansion, starts(supply, horizon)
        if option is None or not possible or option.exercise.until_months < option.exercise.after_months:
            continue
        window = range(option.exercise.after_months, option.exercise.until_months + 1, option.exercise.every_months)
        calls = [start + m for start in possible for m in window]
        soonest = min((month for month in calls if horizon.start <= month <= last), default=None)
        if soonest is None or soonest + option.lead_months > last:
            message = f"the expansion of {place(path)} cannot be exercised in the horizon"
            help = _when("called", calls, horizon)
            if soonest is not None:
                help = f"called in {soonest}, it would serve from {soonest + option.lead_months}; {span(horizon)}"
            yield Finding("W010", (*path, "expansion"), message, help, "", "key")


def _when(possible: str, months: list[Month], horizon: Horizon) -> str:
    """When something is possible, of months of which none is in the horizon."""
    later = [month for month in months if month > last_month(horizon)]
    when = f"can be {possible} from {min(later)} on" if later else f"could be {possible} until {max(months)}"
    return f"it {when}; {span(horizon)}"


CHECKS = (clauses, renewals, factors, expansions)
DATE_CHECKS = (price_tables, notices, late_renewals, late_expansions)
