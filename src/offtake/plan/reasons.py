"""Why each offer is in the plan, or not: one sentence each, with the numbers it rests on.

A sentence claims no more than was computed. What an offer would save beside the plan leaves the other signings as
they are; what it costs at its best use is arithmetic about the offer alone, serving one workload and nothing else.
The price at which the answer would change is a study of its own (`offtake breakeven`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..deals import Column, start_months
from ..dollars import usd
from ..instance import scenarios
from ..instance.pools import pools
from ..instance.schema import AtMost, Exclusive, Requires
from . import (
    commitments,
    concentration,
    contingencies,
    economics,
    ports,
    power,
    reinforcement,
    stability,
    tables,
    training,
)
from .added import added_deal
from .decisions import Flows

if TYPE_CHECKING:
    from ..compile import Compiled

MOST_LISTED = 3


@dataclass(frozen=True)
class _Facts:
    """What the sentences of one plan rest on."""

    compiled: Compiled
    flows: Flows
    gap: float
    taken: list[str]
    costs: dict[str, float | None]
    """workload -> USD per million tokens in the plan"""
    best: dict[str, list[economics.BestUse]]
    """by offer"""


def offers(compiled: Compiled, flows: Flows, gap: float) -> list[tables.Row]:
    """One row per offer of the instance, in its order: offer, taken, reason."""
    facts = _facts(compiled, flows, gap)
    rows = []
    for key in compiled.instance.offers:
        taken = key in facts.taken
        why = _why_taken(facts, key) if taken else _why_not(facts, key)
        said = [
            why,
            training.about(compiled, flows, key),
            reinforcement.about(compiled, flows, key),
            ports.about(compiled, flows, key),
            stability.about(compiled, flows, key),
            contingencies.about(compiled, flows, key),
            _withdrawn(compiled, key),
            _left_aside(compiled, key),
        ]
        rows.append({"offer": key, "taken": taken, "reason": " ".join(sentence for sentence in said if sentence)})
    return rows


def _facts(compiled: Compiled, flows: Flows, gap: float) -> _Facts:
    return _Facts(
        compiled,
        flows,
        gap,
        [*taken_offers(compiled, flows), *(commitment.name for _, commitment in commitments.held(flows))],
        economics.price_by_workload(compiled, flows),
        {key: economics.best_uses(compiled, key) for key in compiled.instance.offers},
    )


def kinds(compiled: Compiled, flows: Flows) -> dict[str, tuple[str, float | None]]:
    """Offer that is not taken -> why in a word, and what a deal of it would cost more beside the plan than the use that
    it would replace, USD (None where there is none to compare).

    late: not there, or its quote expired; too slow: serves nothing inside the targets; not allowed: lists of workloads
    keep it out; not needed: nothing it can serve is asked for; excluded: a rule between offers or on the portfolio;
    dearer: than what the plan pays; close: none of these within the gap.
    """
    facts = _facts(compiled, flows, 0.0)
    return {
        key: (_kind(facts, key), _dearer_by(facts, key)) for key in compiled.instance.offers if key not in facts.taken
    }


def _kind(facts: _Facts, key: str) -> str:
    compiled = facts.compiled
    leased = bool(compiled.instance.offers[key].terms)
    if _never_signable(compiled, key) or (leased and not economics.signable(compiled, key)):
        return "late"
    if _nothing_eligible(compiled, key):
        mine = [pool.id for pool in pools(compiled.instance) if pool.supply == key]
        why = [compiled.rates[pool, workload].reason for pool in mine for workload in compiled.problem.workloads]
        return "not allowed" if all(reason.startswith(("allow.", "deny.")) for reason in why) else "too slow"
    if not facts.best[key]:
        return "not needed"
    if _excluded(facts, key):
        return "excluded"
    compared = [use for use in facts.best[key] if facts.costs[use.workload] is not None]
    if not compared:
        return "not needed"
    beside = _dearer_by(facts, key)
    cheaper = any(use.usd_per_million_tokens <= facts.costs[use.workload] for use in compared)
    return "close" if cheaper and (beside is None or beside <= 0) else "dearer"


def _dearer_by(facts: _Facts, key: str) -> float | None:
    found = added_deal(facts.compiled, facts.flows, key) if facts.best[key] else None
    return None if found is None else found.usd - found.replaced_usd


def _withdrawn(compiled: Compiled, key: str) -> str:
    """What the future at hand does to an offer."""
    instance, said = compiled.instance, []
    lost = scenarios.lost(instance, instance.offers[key].provider, key)
    recalled = scenarios.recalled(instance, key)
    if lost is not None:
        said.append(
            f"Its seller fails in this future: nothing is delivered, and nothing can be signed, from {lost} on."
        )
    if recalled is not None:
        said.append(f"Its seller withdraws it in {recalled} in this future, and gives notice where a clause allows it.")
    return " ".join(said)


def taken_offers(compiled: Compiled, flows: Flows) -> list[str]:
    """Offers with a signed deal, and elastic offers and token services that are used."""
    signed = [deal.offer for deal, blocks in zip(compiled.problem.deals, flows.blocks, strict=True) if blocks]
    supply_of = {pool.id: pool.supply for pool in pools(compiled.instance)}
    used = [supply_of[pool] for pool, _ in flows.serve]
    found = {*signed, *used}
    return [key for key in compiled.instance.offers if key in found]


def _why_taken(facts: _Facts, key: str) -> str:
    compiled, flows = facts.compiled, facts.flows
    leased = bool(compiled.instance.offers[key].terms)
    hours = economics.hours_by_workload(compiled, flows, key)
    if not hours:
        return f"{_signed_words(compiled, flows, key)}: signed, but nothing is served from it."
    ranked = sorted(hours, key=lambda workload: -hours[workload])
    if leased:
        busy = f"at work {_utilisation(compiled, flows, key):.0%} of its hours"
        head = f"{_signed_words(compiled, flows, key)}: {busy}"
    else:
        head = f"Used {_months_of_use(compiled, flows, key)}, at most {_peak(compiled, flows, key)}"
    carried = f"It carries {_share_while_used(compiled, flows, key, ranked[0]):.0%} of {ranked[0]} then."
    return f"{head}, on {_work_words(hours, ranked)}. {carried}{_next_dearer(facts, key, ranked[0])}"


def _work_words(hours: dict[str, float], ranked: list[str]) -> str:
    """The workloads that take most of its hours."""
    if len(ranked) == 1:
        return ranked[0]
    total = sum(hours.values())
    said = [f"{workload} ({hours[workload] / total:.0%})" for workload in ranked[:MOST_LISTED]]
    more = len(ranked) - MOST_LISTED
    return _listed([*said, f"{more} more"] if more > 0 else said)


def _signed_words(compiled: Compiled, flows: Flows, key: str) -> str:
    """Equal deals of an offer are said once, with all their starts; then what follows from them."""
    starts: dict[tuple[str, str], list[str]] = {}
    for column, blocks in zip(compiled.columns, flows.blocks, strict=True):
        if column.offer == key and blocks:
            starts.setdefault((column.right, _size_words(column, int(blocks))), []).append(str(column.start))
    ordered = sorted(starts.items(), key=lambda entry: RIGHTS.index(entry[0][0]))
    when = {True: "in", False: "from"}
    return _listed([f"{size} {when[right == 'option']} {_each(m)}" for (right, size), m in ordered])


def _each(months: list[str]) -> str:
    return f"each of {_listed(months)}" if len(months) > 1 else months[0]


RIGHTS = ("", "renewal", "option", "expansion", "break")


def _size_words(column: Column, blocks: int) -> str:
    """How much for how long, of a deal or of what follows from one."""
    count, term = _count(blocks, "block"), _count(column.months, "month")
    held = _listed([f"{each * blocks:,.0f} {name}" for name, each in column.accelerators.items()])
    return {
        "": f"{count} ({held}) for {term}",
        "renewal": f"{count} renewed for {term}",
        "option": f"an option on {count} more",
        "expansion": f"{count} ({held}) more for {term}",
        "break": f"{count} broken off",
    }[column.right]


def _share_while_used(compiled: Compiled, flows: Flows, key: str, workload: str) -> float:
    """Share of what is served of a workload that comes from the offer, over the periods in which it works on it."""
    mine = {pool.id for pool in pools(compiled.instance) if pool.supply == key}
    zeros = np.zeros(len(compiled.problem.hours))
    by_pool = flows.served_by(workload)
    own = sum((rate for pool, rate in by_pool.items() if pool in mine), zeros)
    whole = np.where(own > 0, sum(by_pool.values(), zeros), 0.0)
    return float(own @ compiled.problem.hours / (whole @ compiled.problem.hours))


def _utilisation(compiled: Compiled, flows: Flows, key: str) -> float:
    held = tables.held_by_pool(compiled, flows)
    mine = [pool for pool in pools(compiled.instance) if pool.supply == key]
    delivered = sum(float(held[pool.id] @ compiled.problem.month_hours) for pool in mine)
    used = sum(float(tables.used_by_pool(flows, pool)[0] @ compiled.problem.hours) for pool in mine)
    return used / delivered if delivered else 0.0


def _months_of_use(compiled: Compiled, flows: Flows, key: str) -> str:
    mine = {pool.id for pool in pools(compiled.instance) if pool.supply == key}
    busy = np.zeros(len(compiled.problem.hours), dtype=bool)
    for (pool, _), use in flows.serve.items():
        if pool in mine:
            busy |= use.any(axis=1)
    months = [m for m, t in enumerate(compiled.problem.period_of) if busy[t]]
    first, last = tables.month_name(compiled, months[0]), tables.month_name(compiled, months[-1])
    if len(months) == 1:
        return f"in {first}"
    whole = len(months) == months[-1] - months[0] + 1
    return f"from {first} to {last}" if whole else f"in {len(months)} months between {first} and {last}"


def _peak(compiled: Compiled, flows: Flows, key: str) -> str:
    mine = [pool for pool in pools(compiled.instance) if pool.supply == key]
    most = max(float(tables.used_by_pool(flows, pool)[1].max()) for pool in mine)
    return f"{most:,.0f} {mine[0].accelerator}" if mine[0].accelerator else f"{most:,.4g} requests/s"


def _next_dearer(facts: _Facts, key: str, workload: str) -> str:
    """The offer at its best use, and the next dearer one for the same workload at its own."""
    uses = {offer: use for offer, found in facts.best.items() for use in found if use.workload == workload}
    if key not in uses:
        return ""
    prices = {offer: use.usd_per_million_tokens for offer, use in uses.items()}
    said = f" At best use it costs {usd(prices[key])} per million tokens of {workload}; "
    dearer = [offer for offer in prices if offer != key and prices[offer] >= prices[key]]
    if dearer:
        rival = min(dearer, key=lambda offer: prices[offer])
        return f"{said}the next dearer offer is {rival}, {usd(prices[rival])}."
    return f"{said}{'every other offer for it is cheaper' if len(prices) > 1 else 'no other offer can serve it'}."


def _why_not(facts: _Facts, key: str) -> str:
    never = _never_signable(facts.compiled, key) or _nothing_eligible(facts.compiled, key)
    if never:
        return never
    if facts.compiled.instance.offers[key].terms and not economics.signable(facts.compiled, key):
        return "It can be signed in no month of this future."
    if not facts.best[key]:
        return "Nothing that it can serve is asked for in the months in which it could deliver."
    excluded = _excluded(facts, key)
    said = [excluded, _beside(facts, key), "" if excluded else _at_best_use(facts, key)]
    return " ".join(sentence for sentence in said if sentence)


def _never_signable(compiled: Compiled, key: str) -> str | None:
    instance = compiled.instance
    offer = instance.offers[key]
    first, last = instance.horizon.start, instance.horizon.start + (instance.horizon.months - 1)
    opens = offer.start.earliest if offer.start.earliest is not None else first + offer.start.lead_months
    if offer.start.latest is not None and offer.start.latest < first:
        return f"Its last start, {offer.start.latest}, lies before the horizon, which begins in {first}."
    if opens > last:
        return f"It starts in {opens} at the earliest, after the last month of the horizon, {last}."
    if not offer.terms or start_months(instance, offer):
        return None
    if offer.sign_by is not None and offer.sign_by < first:
        return f"The quote expired in {offer.sign_by}, before the horizon begins in {first}."
    expiry = f", its expiry in {offer.sign_by}" if offer.sign_by is not None else ""
    return (
        f"It can never be signed: no start month from {opens} fits the horizon ({first} to {last}), its lead of "
        f"{offer.start.lead_months} months{expiry} and its last start."
    )


def _nothing_eligible(compiled: Compiled, key: str) -> str | None:
    mine = [pool for pool in pools(compiled.instance) if pool.supply == key]
    pairs = [(pool.id, workload) for pool in mine for workload in compiled.problem.workloads]
    if any(pair in compiled.problem.rate for pair in pairs):
        return None
    found = dict.fromkeys(
        f"{workload}: {compiled.rates[pool, workload].reason.rstrip('.')}" for pool, workload in pairs
    )
    reasons = list(found)
    more = f"; and {len(reasons) - MOST_LISTED} more" if len(reasons) > MOST_LISTED else ""
    return f"It can serve no workload. {'; '.join(reasons[:MOST_LISTED])}{more}."


def _excluded(facts: _Facts, key: str) -> str:
    """Rules between offers that this plan would break by adding the offer."""
    said = []
    for rule in facts.compiled.instance.groups:
        if isinstance(rule, AtMost) and key in rule.offers:
            rivals = [offer for offer in rule.offers if offer in facts.taken]
            if len(rivals) >= rule.at_most:
                verb = "is" if len(rivals) == 1 else "are"
                who = f", and {_listed(rivals)} {verb}" if rivals else ""
                said.append(f"At most {rule.at_most} of {_listed(rule.offers)} may be signed{who}.")
        if isinstance(rule, Requires) and rule.offer == key and rule.requires not in facts.taken:
            said.append(f"It requires {rule.requires}, which is not signed.")
        if isinstance(rule, Exclusive):
            said += _kept_apart(facts, rule, key)
    shared = concentration.kept_out(facts.compiled, facts.flows, key)
    return " ".join(said + power.over_caps(facts.compiled, facts.flows, key) + shared)


def _kept_apart(facts: _Facts, rule: Exclusive, key: str) -> list[str]:
    """Exclusivity of what the plan has in service, against an offer that it does not take."""
    held = [*facts.taken, *facts.compiled.instance.signed]
    until = "" if rule.until is None else f" before {rule.until}"
    if key in rule.offers and rule.exclusive in held:
        return [f"It may not be in service while {rule.exclusive} is{until}."]
    others = [name for name in rule.offers if name in held]
    if key == rule.exclusive and others:
        verb = "is" if len(others) == 1 else "are"
        return [f"It may not be in service while {_listed(others)} {verb}{until}."]
    return []


def _beside(facts: _Facts, key: str) -> str:
    """What one more deal would cost and save beside this plan."""
    found = added_deal(facts.compiled, facts.flows, key)
    if found is None:
        return ""
    column = facts.compiled.columns[found.deal]
    deal = f"{_count(found.blocks, 'block')} from {column.start} for {_count(column.months, 'month')}"
    worth = f"{usd(found.replaced_usd)}{' at list prices' if facts.flows.committed else ''}"
    return f"Beside this plan, {deal} would cost {usd(found.usd)} and replace use worth {worth}."


def _at_best_use(facts: _Facts, key: str) -> str:
    """The offer at its best use against what the plan pays for the same workload."""
    compared = [use for use in facts.best[key] if facts.costs[use.workload] is not None]
    if not compared:
        return f"The plan serves none of what it could serve ({_listed([use.workload for use in facts.best[key]])})."
    use = min(compared, key=lambda found: found.usd_per_million_tokens - facts.costs[found.workload])
    mine, plan = use.usd_per_million_tokens, facts.costs[use.workload]
    price = (
        f"At best use it costs {usd(mine)} per million tokens of {use.workload}"
        f"{_best_deal(facts.compiled, use)}, the plan {usd(plan)} on average"
    )
    if mine > plan:
        return f"{price}."
    return (
        f"{price}, yet no better plan with it was found within the gap of {facts.gap:.2%}; `offtake breakeven` "
        "gives its price."
    )


def _best_deal(compiled: Compiled, use: economics.BestUse) -> str:
    if use.deal is None:
        return ""
    column = compiled.columns[use.deal]
    return f" (from {column.start} for {_count(column.months, 'month')}, {use.fill:.0%} of its hours at work)"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _left_aside(compiled: Compiled, key: str) -> str:
    """Ways to sign the offer that no search needs, with an example."""
    gone = [(column, compiled.columns[place]) for column, place in compiled.dropped if column.offer == key]
    if not gone:
        return ""
    kept = [column for column in compiled.columns if column.offer == key and not column.right]
    left, other = (f"{_count(column.months, 'month')} from {column.start}" for column in gone[0])
    instead = other if other != left else f"{other} on other terms"
    return (
        f"The search left out {len(gone)} of its {len(kept) + len(gone)} ways to sign, since another is never worse: "
        f"{instead} instead of {left}{'' if len(gone) == 1 else ', for example'}."
    )
