"""What a rule costs: the best plan for each of several values of it, from tight to loose.

A plan that keeps to a tight rule keeps to a loose one, so the signings of one point begin the search of the next. Where
the rule is known to nest (`tightening`), no plan of any point costs less than the bound B of the loosest one, which is
solved first: once the signings of the point before, dispatched anew, are within the gap of B, nothing is left to
search.
A point that costs no less than a tighter one is dominated: the tighter rule is free. Over risk the cost is what is
expected, and a tighter point is one whose dearest futures weigh more: they cost no more there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..instance import InstanceError, with_settings
from ..instance.schema import Instance
from . import executors, tightening, worlds
from .bad_question import BadQuestion
from .executors import Executor
from .signings import Row

if TYPE_CHECKING:
    import pandas

    from ..plan import Plan
    from ..solve import Limits

REACH = 2.0
"""gaps: within so many of the bound a plan of the point before may turn out good enough when dispatched anew"""
SAME = 1e-9
"""of the cost: what two ways to add up may differ by"""


@dataclass(frozen=True)
class Point:
    """The best plan for one value of the rule."""

    value: float
    verdict: str
    """efficient; dominated (a tighter point costs no more); infeasible; no plan (a limit came before one was found)"""
    begun: str = ""
    """how the search began: anew, from the point before, or not at all (its signings are proven good enough here)"""
    plan: Plan | None = None

    def to_row(self) -> Row:
        """Plain JSON types, without the plan."""
        figures = dict.fromkeys(("cost_usd", "cvar_usd", "bound_usd", "gap"))
        if self.plan is not None:
            cost = {"cost_usd": self.plan.expected_cost_usd, "cvar_usd": self.plan.cvar_usd}
            figures = {**cost, "bound_usd": self.plan.bound_usd, "gap": self.plan.gap}
        return {"value": self.value, "verdict": self.verdict, **figures, "begun": self.begun}


@dataclass(frozen=True)
class Frontier:
    """Cost over the values of a rule."""

    over: str
    words: str
    """what a value is"""
    every: list[Point]
    """from tight to loose"""
    interrupted: bool = False
    """before all points were done"""

    @property
    def curve(self) -> list[Point]:
        """The points that are worth choosing from."""
        return [point for point in self.every if point.verdict == "efficient"]

    @property
    def points(self) -> pandas.DataFrame:
        """One row per point, tight to loose: value, verdict, cost_usd (expected), cvar_usd,
        bound_usd (of the objective), gap, begun, and the audited plan."""
        import pandas

        rows = [{**point.to_row(), "plan": point.plan} for point in self.every]
        return pandas.DataFrame(rows, columns=[*Point(0.0, "").to_row(), "plan"])

    def to_document(self) -> dict[str, Any]:
        """Plain JSON types, without the plans."""
        return {"over": self.over, "words": self.words, "points": [point.to_row() for point in self.every]}


def frontier(
    instance: Instance,
    over: str,
    points: int = 20,
    tight: float | None = None,
    loose: float | None = None,
    gap: float = 1e-2,
    time_limit_s: float | None = None,
    progress: Callable[[str], None] | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
) -> Frontier:
    """The least cost over so many values of a rule, evenly spaced from `tight` to `loose`, each plan audited.

    `over`: budget, obligations, provider-share, carbon, service, latency or risk, or the key path of a number in the
    instance, for which both ends must be given. `gap` and `time_limit_s` hold for each solve: one for the cheapest
    plan, one or two for each point. `jobs`: processes, each of which walks its part of the curve; or an `executor`
    takes so many parts. An interrupt keeps the points that are done. Raises BadQuestion for a rule or range that means
    nothing, InstanceError for values that no instance can have, NoPlan if the instance has no plan, KeyboardInterrupt
    if nothing is done yet.
    """
    from ..solve import Limits

    rule = tightening.rule(over)
    values = _values(over, rule, points, tight, loose)
    walk = _Walk(instance, over, Limits(gap=gap, time_limit_s=time_limit_s), progress or (lambda said: None))
    if tight is None and loose is None:
        values = walk.possible(values)
    with executors.chosen(executor, jobs) as taker:
        found = walk.along(values, jobs, taker)
    return Frontier(over, rule.words, _told(found), interrupted=len(found) < len(values))


def _values(over: str, rule: tightening.Rule, points: int, tight: float | None, loose: float | None) -> list[float]:
    first, last = rule.tight if tight is None else tight, rule.loose if loose is None else loose
    if first is None or last is None:
        raise BadQuestion(f"{over} needs both ends, the tight one and the loose one")
    if points < 2:
        raise BadQuestion(f"a frontier has two points or more, not {points}")
    if first == last or not (math.isfinite(first) and math.isfinite(last)):
        raise BadQuestion(f"the ends must be two different finite numbers, not {first:g} and {last:g}")
    if rule.nested and (last > first) != (rule.loose > rule.tight):
        raise BadQuestion(f"of {over}, {'more' if rule.loose > rule.tight else 'less'} is looser: the ends are swapped")
    return [round(first + (last - first) * k / (points - 1), 12) for k in range(points)]


def _told(found: Sequence[Point]) -> list[Point]:
    """The points with their verdicts, tight to loose."""
    told: list[Point] = []
    least = math.inf
    for point in found:
        if point.plan is not None and point.plan.expected_cost_usd >= least - SAME * abs(least):
            point = replace(point, verdict="dominated")
        elif point.plan is not None:
            least = point.plan.expected_cost_usd
        told.append(point)
    return told


@dataclass(frozen=True)
class _Part:
    """Neighbouring points, tight to loose: all that a process needs to know."""

    instance: Instance
    over: str
    best: Plan
    values: list[float]
    least_usd: float
    """no plan of any of them costs less, as far as that is known"""
    limits: Limits


class _Walk:
    """The solves of one call."""

    def __init__(self, instance: Instance, over: str, limits: Limits, say: Callable[[str], None]) -> None:
        self.instance, self.over, self.limits, self.say = instance, over, limits, say
        say("the cheapest plan without the rule")
        self.best = worlds.optimum(instance, limits)

    def possible(self, values: list[float]) -> list[float]:
        """Without the tightest ones that no instance can have. Raises InstanceError if that leaves less than two."""
        for k, value in enumerate(values):
            try:
                tried(self.instance, self.over, self.best, value)
            except InstanceError:
                if k + 2 >= len(values):
                    raise
                self.say(f"{self.over} {value:.6g}: left out, since no instance can have it")
            else:
                return values[k:]
        return values

    def along(self, values: list[float], jobs: int, executor: Executor | None) -> list[Point]:
        """Points in the order of the values, as many as are done."""
        nested = tightening.nested(self.over, self.instance)
        tried(self.instance, self.over, self.best, values[0])
        self.say(f"{self.over} {values[-1]:.6g}, the loosest")
        loosest = point(self._part(values[-1:], -math.inf), values[-1], self.best)
        least = loosest.plan.bound_usd if nested and loosest.plan is not None else -math.inf
        return [*self._parts(values[:-1], least, jobs, executor), loosest]

    def _parts(self, values: list[float], least: float, jobs: int, executor: Executor | None) -> list[Point]:
        try:
            if executor is None:
                return _along(self._part(values, least), self.say)
            size = -(-len(values) // jobs)
            parts = [self._part(values[k : k + size], least) for k in range(0, len(values), size)]
            names = [f"{self.over} {part.values[0]:.6g} to {part.values[-1]:.6g}" for part in parts]
            ends = executors.each(_along, parts, names, executor, self.say)
            return [found for part in ends for found in part]
        except KeyboardInterrupt:
            self.say("interrupted: the loosest point alone is done")
            return []

    def _part(self, values: list[float], least: float) -> _Part:
        return _Part(self.instance, self.over, self.best, values, least, self.limits)


def tried(instance: Instance, over: str, best: Plan, value: float) -> Instance:
    """The instance with the rule at a value. Raises BadQuestion, InstanceError."""
    return with_settings(instance, tightening.rule(over).settings(instance, best, value))


def _along(part: _Part, say: Callable[[str], None] = lambda said: None) -> list[Point]:
    """The points of a part; an interrupt keeps those that are done. Raises KeyboardInterrupt if none is."""
    found: list[Point] = []
    before: Plan | None = None
    try:
        for number, value in enumerate(part.values, start=1):
            say(f"{part.over} {value:.6g} ({number} of {len(part.values)})")
            found.append(point(part, value, before))
            before = found[-1].plan or before
    except KeyboardInterrupt:
        if not found:
            raise
        say(f"interrupted with {len(found)} of {len(part.values)} points done, and the loosest")
    return found


def point(part: _Part, value: float, before: Plan | None) -> Point:
    """The best plan for a value, begun with that of a point before."""
    from ..engine import NoPlan

    instance = tried(part.instance, part.over, part.best, value)
    deals = None if before is None else before.to_document()["deals"]
    kept = None if before is None else _good_enough(part, instance, before)
    if kept is not None:
        return Point(value, "efficient", "not at all", _audited(kept))
    try:
        plan = worlds.optimum(instance, part.limits, deals)
    except NoPlan as error:
        return Point(value, "infeasible" if error.outcome.status == "infeasible" else "no plan")
    return Point(value, "efficient", "anew" if before is None else "from the point before", _audited(plan))


def _good_enough(part: _Part, instance: Instance, before: Plan) -> Plan | None:
    """The best plan that signs the same as one before, if it is proven to be within the gap of the best of all. Not
    tried where that is out of reach."""
    from ..engine import NoPlan
    from ..plan import Plan

    if before.objective_usd - part.least_usd > REACH * part.limits.gap * abs(before.objective_usd):
        return None
    try:
        plan = worlds.with_signings(instance, part.limits, before.to_document()["deals"])
    except NoPlan:
        return None
    if plan is None or plan.objective_usd - part.least_usd > part.limits.gap * abs(plan.objective_usd):
        return None
    bound = min(part.least_usd, plan.objective_usd)
    gap = (plan.objective_usd - bound) / abs(plan.objective_usd) if plan.objective_usd else 0.0
    return Plan({**plan.to_document(), "bound_usd": bound, "gap": gap})


def _audited(plan: Plan) -> Plan:
    from ..audit import audit

    return plan.with_audit(audit(plan.instance, plan.to_document()).to_document())
