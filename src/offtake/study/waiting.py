"""What waiting is worth: the best plan that signs an offer now against the best that may sign it later.

With V_now the least cost of the plans that sign at least one deal of the offer in the first month, and V_later that of
the plans that sign none of it then but may in later months,

    value of waiting = V_now - V_later        positive: waiting pays        [USD, discounted, expected over the futures]

Each is known between the cost of a plan and a bound, so the value lies between lower(V_now) - upper(V_later) and
upper(V_now) - lower(V_later). The best plan of all signs now or does not, so it is one of the two; V_never, without the
offer, says what the offer is worth at all. With several futures a later signing may depend on what is known by then.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ..instance.schema import Instance
from . import by_offer
from .solves import best_plan, solved
from .wording import between, usd

if TYPE_CHECKING:
    from offtake_models.problem import Problem

    from ..plan import Decisions

ROUNDING = 1e-6
"""of the cost: what the solver's tolerances leave open, whatever gap is asked for"""


@dataclass(frozen=True)
class Costs:
    """What is known of a least cost, USD: no plan costs less than `lower`, one is found for `upper`."""

    lower: float
    upper: float
    decisions: Decisions | None = None


@dataclass(frozen=True)
class Waiting:
    """Sign now or sign later, for one offer. Costs are those of the plans found; None where there is none."""

    offer: str
    verdict: str
    """sign now; wait; leave (not now, and the best plan found does not sign it later either); undetermined (the
    interval holds 0); cannot wait (no later month is offered: the value is that of never signing it); cannot be signed
    now; unsupported (bought by use, or never on offer in the horizon)"""
    sentence: str
    first_month: str | None = None
    """the first month of the horizon in which it can be signed"""
    sign_by: str | None = None
    """the quote's expiry"""
    now_usd: float | None = None
    later_usd: float | None = None
    """not now, but perhaps later"""
    never_usd: float | None = None
    value_usd: float | None = None
    """now_usd - later_usd"""
    value_low_usd: float | None = None
    """the value of waiting is proven to be at least this; None: there is no such bound"""
    value_high_usd: float | None = None
    """and at most this"""
    signed_in: tuple[str, ...] = ()
    """months in which the best plan found that does not sign it now signs it, in some future"""
    when: str = ""
    """the same in words"""

    def to_document(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {**vars(self), "signed_in": list(self.signed_in)}


def waiting(
    instance: Instance,
    offers: Sequence[str] | None = None,
    gap: float = 1e-3,
    time_limit_s: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> by_offer.Findings[Waiting]:
    """What waiting is worth for each offer (all of them by default), in the order of the instance.

    `gap` and `time_limit_s` hold for each of the solves: one for the best plan, then one or two for an offer that can
    be signed now. `progress` is called with a sentence before each. An interrupt ends the study with the offers that
    are done. Raises ValueError for an offer that the instance does not have, NoPlan if the instance itself has no
    plan, KeyboardInterrupt if nothing is done yet.
    """
    keys = by_offer.asked(instance, offers)
    study = _Study(instance, gap, time_limit_s, progress or (lambda sentence: None))
    return by_offer.each(keys, study.of_offer, study.progress, lacking="verdict")


class _Study:
    """The solves of one call."""

    def __init__(self, instance: Instance, gap: float, time_limit_s: float | None, progress: Callable[[str], None]):
        from ..compile import compile_instance
        from ..solve import Limits

        self.instance, self.progress = instance, progress
        self.limits = Limits(gap=gap, time_limit_s=time_limit_s)
        self.compiled = compile_instance(instance)
        self.progress("the best plan")
        self.best = best_plan(self.compiled, self.limits)

    @property
    def problem(self) -> Problem:
        return self.compiled.problem

    def of_offer(self, key: str) -> Waiting:
        sign_by = self.instance.offers[key].sign_by
        known: dict[str, Any] = {"offer": key, "sign_by": None if sign_by is None else str(sign_by)}
        if not self.instance.offers[key].terms:
            return Waiting(
                verdict="unsupported", sentence="Bought by use, without signing: nothing to wait for.", **known
            )
        months = sorted({self.problem.deals[d].signing for d, _ in copies(self.problem, key)})
        if not months:
            return Waiting(verdict="unsupported", sentence="Cannot be signed in this horizon.", **known)
        known["first_month"] = str(self.instance.horizon.start + months[0])
        if months[0] > 0:
            sentence = f"Cannot be signed now: the first month is {known['first_month']}."
            return Waiting(verdict="cannot be signed now", sentence=sentence, **known)
        now, later, never = self._costs(key, can_wait=len(months) > 1)
        return _report(self, known, len(months) > 1, now, later, never)

    def _costs(self, key: str, can_wait: bool) -> tuple[Costs, Costs, Costs]:
        """V_now, V_later and V_never."""
        at_once = [copy for copy in copies(self.problem, key) if self.problem.deals[copy[0]].signing == 0]
        at_all = copies(self.problem, key)
        best = Costs(self.best.lower, self.best.upper, self.best.decisions)
        if any(copy in self.best.decisions.blocks for copy in at_once):
            now, later = best, self._solve(f"{key}: the best plan that does not sign it now", at_once, False)
        else:
            now, later = self._solve(f"{key}: the best plan that signs it now", at_once, True), best
        if not can_wait or _is_none_of(later, at_all):
            return now, later, later
        return now, later, self._solve(f"{key}: the best plan without it", at_all, False, later.lower)

    def _solve(self, sentence: str, chosen: list[tuple[int, int]], signed: bool, least: float = -math.inf) -> Costs:
        """The best plan that signs at least one of these deals, or none; no plan at all costs less than the best."""
        self.progress(sentence)
        found = solved(self.compiled, self.limits, partial(_force, chosen=chosen, signed=signed))
        return Costs(max(found.lower, least, self.best.lower), found.upper, found.decisions)


def copies(problem: Problem, offer: str) -> list[tuple[int, int]]:
    """(deal, node) of every way to sign the offer that is open; not what follows from a signing."""
    return [
        (d, node)
        for d, deal in enumerate(problem.deals)
        if deal.offer == offer and not deal.in_force and not deal.right
        for node in problem.signing_nodes(deal)
        if all(deal.open[s] for s in problem.scenarios_through(node, deal.signing))
    ]


def _force(model: Any, chosen: list[tuple[int, int]], signed: bool) -> None:
    """Sign at least one of these deals, or none."""
    from pyomo.environ import Constraint

    from offtake_models.signing import indicator

    taken = sum(indicator(model, *copy) for copy in chosen)
    model.forced = Constraint(expr=taken >= 1 if signed else taken <= 0)


def _is_none_of(costs: Costs, chosen: list[tuple[int, int]]) -> bool:
    """Whether the plan found signs none of these deals."""
    return costs.decisions is not None and not any(copy in costs.decisions.blocks for copy in chosen)


def _report(study: _Study, known: dict[str, Any], can_wait: bool, now: Costs, later: Costs, never: Costs) -> Waiting:
    ends = (now.lower - later.upper, now.upper - later.lower)
    low, high = min(ends), max(ends)
    months, everywhere = _signings(study.problem, known["offer"], later)
    signed_in = tuple(str(study.instance.horizon.start + month) for month in months)
    verdict = _verdict(low, high, ROUNDING * max(abs(u) for u in (now.upper, later.upper) if math.isfinite(u)))
    if verdict == "wait" and not signed_in:
        verdict = "leave"
    found = Waiting(
        verdict=verdict if can_wait else "cannot wait",
        sentence="",
        now_usd=_finite(now.upper),
        later_usd=_finite(later.upper),
        never_usd=_finite(never.upper),
        value_usd=_finite(now.upper - later.upper),
        value_low_usd=_finite(low),
        value_high_usd=_finite(high),
        signed_in=signed_in,
        **known,
    )
    one = len(study.problem.scenarios) == 1
    when = (
        f"{(' and ' if one else ' or ').join(signed_in)}{'' if everywhere or not signed_in else ', in some scenarios'}"
    )
    found = replace(found, when=when)
    sentence = _sentence(verdict, low, high, when) if can_wait else _last_call(verdict, low, high, found.sign_by)
    return replace(found, sentence=sentence + _worth(found))


def _signings(problem: Problem, offer: str, costs: Costs) -> tuple[list[int], bool]:
    """Months in which the plan found signs the offer, and whether it does in every scenario."""
    taken = [copy for copy in copies(problem, offer) if costs.decisions is not None and copy in costs.decisions.blocks]
    through = {s for d, node in taken for s in problem.scenarios_through(node, problem.deals[d].signing)}
    return sorted({problem.deals[d].signing for d, _ in taken}), len(through) == len(problem.scenarios)


def _verdict(low: float, high: float, tolerance: float) -> str:
    if low > tolerance:
        return "wait"
    return "sign now" if high < -tolerance else "undetermined"


def _sentence(verdict: str, low: float, high: float, when: str) -> str:
    if verdict == "sign now":
        if high == -math.inf:
            return "Sign it now: no plan is possible that does not."
        return f"Sign it now: waiting costs {between(-high, -low)}."
    if verdict == "undetermined":
        return _undecided(low, high, "Not decided: waiting is worth")
    if low == math.inf:
        return f"No plan is possible that signs it now{f'; sign it in {when}' if when else ''}."
    if verdict == "leave":
        return f"Not now: signing it costs {between(low, high)} more, and the best plan found never signs it."
    return f"Wait: signing it now costs {between(low, high)} more than in {when}."


def _last_call(verdict: str, low: float, high: float, sign_by: str | None) -> str:
    """Of an offer that can be signed now or never."""
    state = "Now or never" + (f" (the quote expires in {sign_by}): " if sign_by else ": ")
    if verdict == "sign now":
        if high == -math.inf:
            return f"{state}no plan is possible without it."
        return f"{state}signing it saves {between(-high, -low)}."
    if verdict == "undetermined":
        return state + _undecided(low, high, "not decided, doing without it saves")
    return f"{state}signing it {'is not possible' if low == math.inf else f'costs {between(low, high)} more'}."


def _undecided(low: float, high: float, begin: str) -> str:
    if math.isfinite(high - low) and usd(low) == usd(high):
        return f"{begin} {usd(low)}."
    return f"{begin} {between(low, high)}. A smaller gap says more."


def _worth(found: Waiting) -> str:
    """What the offer is worth at all, by the plans found."""
    best = min((cost for cost in (found.now_usd, found.later_usd) if cost is not None), default=None)
    if found.never_usd is None or best is None or found.verdict not in ("sign now", "wait") or not found.signed_in:
        return ""
    return f" Never signing it would cost {usd(found.never_usd - best)} more, by the plans found."


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
