"""Rules on dates: everything must find its place in the horizon."""

from __future__ import annotations

from collections.abc import Iterator

from .checks_terms import late_prices
from .diagnostics import listed
from .months import Month
from .schema import Horizon, Offer, SignedContract, Start
from .sentences import Finding, place
from .structure import Draft
from .workloads import served

Findings = Iterator[Finding]


def steps(draft: Draft, horizon: Horizon) -> Findings:
    if not filled(horizon):
        total = sum(step.count * step.months for step in horizon.steps)
        message = f"the steps cover {in_months(total)}, the horizon has {horizon.months}"
        yield Finding("E024", ("horizon", "steps"), message, "count x months, added up, must give horizon.months")


def filled(horizon: Horizon) -> bool:
    """Whether the dispatch periods are as long as the horizon."""
    return horizon.steps is None or sum(step.count * step.months for step in horizon.steps) == horizon.months


def demand_months(draft: Draft, horizon: Horizon) -> Findings:
    for key, workload in served(draft.instance).items():
        table = workload.demand.requests_per_s
        absent = [str(month) for month in _months_of(horizon) if isinstance(table, dict) and month not in table]
        if absent:
            path = ("workloads", key, "demand", "requests_per_s")
            help = "list every month of the horizon; write 0 for a month without requests"
            yield Finding("E025", path, f"the demand of {key} lacks {listed(absent, most=4)}", help, "", "key")


def start_windows(draft: Draft, horizon: Horizon) -> Findings:
    for key, offer in draft.instance.offers.items():
        path, start, last = ("offers", key), offer.start, last_month(horizon)
        if start.earliest is not None and start.latest is not None and start.earliest > start.latest:
            help = f"latest is {start.latest}"
            yield Finding("E023", (*path, "start", "earliest"), "earliest must not be after latest", help)
            continue
        reason = _unusable(offer, horizon)
        if reason:
            what = "used" if offer.elastic or offer.api else "signed"
            yield Finding("W004", path, f"{place(path)} can never be {what}", reason, "", "key")
            continue
        if start.earliest is not None and start.earliest < horizon.start:
            message = f"earliest is before the horizon, which begins in {horizon.start}"
            yield Finding("W005", (*path, "start", "earliest"), message, "starts before it are not considered")
        if start.latest is not None and start.latest > last:
            message = f"latest is after the horizon, which ends with {last}"
            yield Finding("W005", (*path, "start", "latest"), message, "starts after it are not considered")


def _unusable(offer: Offer, horizon: Horizon) -> str:
    """Why an offer cannot be used in the horizon; empty if it can."""
    start, first, last = offer.start, horizon.start, last_month(horizon)
    soonest = first + start.lead_months
    earliest = start.earliest if start.earliest is not None else soonest
    latest = start.latest if start.latest is not None else last
    if offer.elastic or offer.api:
        inside = earliest <= last and latest >= first
        return "" if inside else f"it is there {_window(start)}, {span(horizon)}"
    if start.lead_months and soonest > min(latest, last):
        bound = f"start.latest is {latest}" if latest < last else f"the horizon ends with {last}"
        return f"signed in {first}, it would start in {soonest}, {in_months(start.lead_months)} later; {bound}"
    months = _starts(offer, horizon)
    if not months:
        return f"it starts {_window(start)}, {span(horizon)}"
    signing = months[0] - start.lead_months
    if offer.sign_by is not None and signing > offer.sign_by:
        return f"its first start, {months[0]}, would be signed in {signing}, after sign_by, {offer.sign_by}"
    return ""


def _starts(offer: Offer, horizon: Horizon) -> list[Month]:
    """Months of the horizon in which its service may begin, whatever `sign_by` says."""
    start, first, last = offer.start, horizon.start, last_month(horizon)
    earliest = start.earliest if start.earliest is not None else first + start.lead_months
    latest = start.latest if start.latest is not None else last
    every = range(earliest, latest + 1, start.every_months)
    return [Month(m) for m in every if first <= m <= last and m - start.lead_months >= first]


def starts(supply: Offer | SignedContract, horizon: Horizon) -> list[Month]:
    """First months of service that are possible: of what is signed in the horizon, or of the contract in force."""
    if isinstance(supply, SignedContract):
        return [supply.start]
    if not supply.terms:
        return []
    lead, by = supply.start.lead_months, supply.sign_by
    return [month for month in _starts(supply, horizon) if by is None or month - lead <= by]


def _window(start: Start) -> str:
    """The start months that are stated, in words."""
    since = f"from {start.earliest}" if start.earliest is not None else ""
    until = f"until {start.latest}" if start.latest is not None else ""
    return " ".join(part for part in (since, until) if part)


def elastic_tables(draft: Draft, horizon: Horizon) -> Findings:
    for key, offer in draft.instance.offers.items():
        price = offer.elastic.usd_per_accelerator_hour if offer.elastic else None
        path = ("offers", key, "elastic", "usd_per_accelerator_hour")
        yield from late_prices(path, price, horizon.start, "the first month of the horizon")


def contracts_in_force(draft: Draft, horizon: Horizon) -> Findings:
    for key, contract in draft.instance.signed.items():
        end = contract.start + contract.term.months
        if end <= horizon.start or contract.start > last_month(horizon):
            when = f"ended with {Month(end - 1)}" if end <= horizon.start else f"begins in {contract.start}"
            message = f"the contract {key} {when}: it has no month in the horizon"
            yield Finding("W007", ("signed", key), message, span(horizon), "", "key")


def money_outside(draft: Draft, horizon: Horizon) -> Findings:
    finance, last = draft.instance.finance, last_month(horizon)
    for key in finance.budget_usd:
        begin, end = (key, key) if isinstance(key, Month) else (Month(12 * key), Month(12 * key + 11))
        if end < horizon.start:
            message = f"the budget of {key} is over before the horizon begins"
            yield Finding("W005", ("finance", "budget_usd", key), message, span(horizon), "", "key")
        elif begin > last:
            message = f"the budget of {key} begins after the horizon: only what contracts still cost then counts"
            yield Finding("W005", ("finance", "budget_usd", key), message, span(horizon), "", "key")
    for table in ("funding_usd", "other_cash_usd"):
        for month in getattr(finance, table):
            if month > last:
                message = f"{table} of {month} is after the horizon and not used"
                yield Finding("W005", ("finance", table, month), message, span(horizon), "", "key")


def _months_of(horizon: Horizon) -> list[Month]:
    return [horizon.start + m for m in range(horizon.months)]


def span(horizon: Horizon) -> str:
    """The horizon in words."""
    return f"the horizon goes from {horizon.start} to {last_month(horizon)}"


def last_month(horizon: Horizon) -> Month:
    """The last month that is planned."""
    return horizon.start + (horizon.months - 1)


def in_months(count: int) -> str:
    """A number of months in words."""
    return "1 month" if count == 1 else f"{count} months"


DATE_CHECKS = (steps, demand_months, start_windows, elastic_tables, contracts_in_force, money_outside)
