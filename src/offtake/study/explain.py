"""Why the best plan is what it is; and where there is none, why not and what would mend it.

Every price here is a difference of two proven solves, everything free to change, and told as the interval that their
bounds leave. It is no price of a linear program, which holds the signings and speaks of the last small fraction.

    a rule                  V(as it is) - V(without the rule)       what the rule costs
    a rule that costs       V(as it is) - V(one unit more of it)    what one unit saves
    a demand                V(one percent more) - V(as it is)       what one percent costs
    an offer that is taken  V(without it) - V(as it is)             what doing without costs

One unit is one million USD, one MW, one tonne, one accelerator or one request/s, or one percent of the limit where that
is less; one percent of a demand; one offer, provider or pause. Rules are also how much there is of what is bought by
use, where there is a plan. Whether a rule costs anything is asked of every rule: with whole
blocks a budget may forbid a plan and yet not be spent to the last dollar.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from ..instance.pools import pools
from ..instance.schema import Instance
from . import left_out, repair
from .differences import differences
from .held import fix
from .infeasible import clashing
from .rules import Rule, business_rules, stock_rules, switch
from .shortages import shortages
from .solves import Solved, solved
from .wording import between

if TYPE_CHECKING:
    import pandas

    from ..compile import Compiled
    from ..plan import Plan
    from ..solve import Limits

Row = dict[str, Any]
PERCENT = 0.01
ROUNDING = 1e-6
"""of the cost: what the solver's tolerances leave open, whatever gap is asked for"""

RULES = ["rule", "costs_low_usd", "costs_high_usd", "unit", "more", "usd_low", "usd_high", "sentence"]
OFFERS = ["offer", "taken", "kind", "reason", "dearer_usd", "instead", "usd_low", "usd_high"]
REPAIRS = ["gives", "least", "cost_usd", "bound_usd", "sentence"]


@dataclass
class Explanation:
    """What is known so far: an interrupt keeps it, and `complete` says so."""

    feasible: bool
    cost_usd: float | None = None
    bound_usd: float | None = None
    shortages: list[str] = field(default_factory=list)
    clash: list[str] = field(default_factory=list)
    """a smallest set of rules that cannot all hold"""
    whole_blocks_alone: bool = False
    """in fractions of blocks all rules could hold"""
    unproven: bool = False
    """time ran out on some rules: a smaller set may clash"""
    repair_rows: list[Row] = field(default_factory=list)
    rule_rows: list[Row] = field(default_factory=list)
    offer_rows: list[Row] = field(default_factory=list)
    solves: int = 0
    complete: bool = True

    @cached_property
    def repairs(self) -> pandas.DataFrame:
        """Ways to mend an instance without a plan, the smallest share of a limit first: rules and what they give, in
        their units; what a single one must give at least; cost of the best plan found then, and its bound."""
        return _frame(self.repair_rows, REPAIRS)

    @cached_property
    def rules(self) -> pandas.DataFrame:
        """Every rule: what having it costs, and what `more` of the unit saves (of a demand: costs), each between two
        values; None where that was not asked, or is not known."""
        return _frame(self.rule_rows, RULES)

    @cached_property
    def offers(self) -> pandas.DataFrame:
        """Every offer: taken, why or why not, what takes its place and what doing without it costs, between two
        values; of one that is not taken, what a deal of it would cost more beside the plan than it replaces."""
        return _frame(self.offer_rows, OFFERS)

    def to_document(self) -> Row:
        """Everything as plain JSON types."""
        names = {"repair_rows": "repairs", "rule_rows": "rules", "offer_rows": "offers"}
        return {names.get(name, name): value for name, value in vars(self).items() if name not in names.values()}


def _frame(given: list[Row], columns: list[str]) -> pandas.DataFrame:
    import pandas

    return pandas.DataFrame(given, columns=columns)


def explain(
    question: Instance | Plan,
    gap: float = 1e-3,
    time_limit_s: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> Explanation:
    """Why the best plan of an instance, or a plan, is what it is; of an instance without one, why there is none.

    `gap` and `time_limit_s` hold for each of the solves: one for the best plan, one for each offer that is taken, each
    demand that must be served and each rule, and one more if it costs; without a plan, one for each rule and two for
    each repair.
    `progress` is called with a sentence before each. An interrupt ends the study with what is done. Raises NoPlan if
    a limit was hit before any plan was found, KeyboardInterrupt if nothing is known yet.
    """
    from ..solve import Limits

    study = _Study(question, Limits(gap=gap, time_limit_s=time_limit_s), progress or (lambda sentence: None))
    found = Explanation(feasible=study.base.decisions is not None, solves=1)
    fill = _why_not if not found.feasible else _why
    try:
        fill(study, found)
    except KeyboardInterrupt:
        found.complete = False
        study.progress("interrupted; what is known so far is kept")
    return found


class _Study:
    """The solves of one call, and the best plan, or the plan at hand, that they are compared with."""

    def __init__(self, question: Instance | Plan, limits: Limits, progress: Callable[[str], None]):
        from ..compile import compile_instance
        from ..reductions import reduced

        self.limits, self.progress = limits, progress
        self.plan = None if isinstance(question, Instance) else question
        self.instance = question if self.plan is None else self.plan.instance
        whole = compile_instance(self.instance)
        self.compiled = reduced(whole) if self.plan is None else whole
        self.rules: list[Rule] = []
        self.base = self._base()

    def _base(self) -> Solved:
        """The best plan; of a plan at hand, its signings with its own bound."""
        from ..engine import NoPlan

        self.progress("the best plan" if self.plan is None else "the plan, with its signings")
        kept: list[Any] = []

        def held(model: Any) -> None:
            kept.append(model)
            if self.plan is not None:
                fix(model, self.compiled, self.plan)

        found = solved(self.compiled, self.limits, held)
        if found.decisions is None:
            if found.outcome.status != "infeasible" or self.plan is not None:
                raise NoPlan(found.outcome)
            return found
        self.rules = [
            *business_rules(self.instance, self.problem, kept[0]),
            *stock_rules(self.instance, self.problem),
        ]
        if self.plan is None:
            return found
        return replace(found, outcome=replace(found.outcome, bound=self.plan.bound_usd))

    @property
    def problem(self) -> Any:
        return self.compiled.problem

    def solve(self, sentence: str, extend: Callable[[Any], None], compiled: Compiled | None = None) -> Solved:
        """A variant of the question, begun with what the plan signs."""
        self.progress(sentence)
        return solved(compiled or self.compiled, self.limits, extend, begin=self.base.decisions.blocks)

    def eased(self, sentence: str, rule: Rule, amount: float | None) -> Solved:
        """With a rule that allows so much more, or without it (None)."""
        if rule.eased is not None:
            problem = rule.eased(self.problem, amount)
            return self.solve(sentence, lambda model: None, replace(self.compiled, problem=problem))
        if amount is None:
            return self.solve(sentence, partial(switch, rule=rule, on=False))
        return self.solve(sentence, partial(repair.grant, gives=[(rule, amount)]))


def _why_not(study: _Study, found: Explanation) -> None:
    """Numbers first, then the clash, then repairs."""
    found.shortages = shortages(study.compiled)
    study.progress("looking for the rules that clash")
    clash = clashing(study.compiled)
    found.clash, found.unproven = [rule.sentence for rule in clash.rules], clash.unproven
    found.whole_blocks_alone = bool(clash.rules) and _fractions_do(study)
    study.progress("the least that has to give")
    found.repair_rows = [way.to_document() for way in repair.repairs(study.compiled, clash.rules, study.limits)]


def _fractions_do(study: _Study) -> bool:
    """Whether there is a plan in fractions of blocks, so that whole ones alone forbid it."""
    from pyomo.environ import Reals

    from offtake_models import build

    from ..solve import solve_model

    model = build(study.problem)
    for variable in [*model.blocks.values(), *model.signed.values()]:
        lower, upper = variable.bounds
        variable.domain = Reals
        variable.setlb(lower)
        variable.setub(upper)
    return solve_model(model, study.limits).objective is not None


def _why(study: _Study, found: Explanation) -> None:
    """Offers in words first, which takes no solve, then the solves for those taken, then rules."""
    found.cost_usd, found.bound_usd = study.base.upper, _finite(study.base.lower)
    found.offer_rows = told_offers(study.compiled, study.base)
    for row in found.offer_rows:
        if row["taken"]:
            row |= without(study.compiled, study.base, row["offer"], study.solve)
            found.solves += 1
    for rule in study.rules:
        row, solves = _demand(study, rule) if rule.workload else _limit(study, rule)
        found.rule_rows.append(row)
        found.solves += solves


def told_offers(compiled: Compiled, base: Solved) -> list[Row]:
    """Every offer with its reason, by the plan's own arithmetic; of several futures, that of the likeliest."""
    from ..plan.decisions import flows, of_future
    from ..plan.reasons import kinds, offers

    problem, taken = compiled.problem, taken_offers(compiled, base)
    likeliest = max(problem.scenarios, key=lambda s: problem.probability[s])
    alone = list(compiled.futures.values())[likeliest] if compiled.futures else compiled
    flow = flows(alone.problem, of_future(problem, base.decisions, likeliest))
    why = kinds(alone, flow)
    found = []
    for row in offers(alone, flow, base.outcome.gap or 0.0):
        kind, dearer = (None, None) if row["offer"] in taken else why.get(row["offer"], (None, None))
        known = {"taken": row["offer"] in taken, "kind": kind, "dearer_usd": dearer}
        found.append({**dict.fromkeys(OFFERS), **row, **known})
    return found


def taken_offers(compiled: Compiled, found: Solved) -> list[str]:
    """Offers that a plan signs or uses in some future."""
    supply_of = {pool.id: pool.supply for pool in pools(compiled.instance)}
    signed = {compiled.problem.deals[d].offer for d, _ in found.decisions.blocks}
    used = {supply_of[pool] for pool, *_ in found.decisions.serve}
    return [key for key in compiled.instance.offers if key in signed | used]


def without(
    compiled: Compiled, base: Solved, offer: str, solve: Callable[[str, Callable[[Any], None], Compiled], Solved]
) -> Row:
    """What takes the place of an offer in the best plan without it, and what that costs more."""
    fewer = left_out.anyhow(compiled, offer)
    found = solve(f"{offer}: the best plan without it", partial(left_out.leave_out, compiled, offer), fewer)
    low = max(found.lower, base.lower) - base.upper
    high = found.upper - base.lower
    if found.decisions is None:
        said = "no plan is possible without it" if found.lower == math.inf else "no plan without it was found in time"
        return {"instead": said, "usd_low": _finite(max(low, 0.0)), "usd_high": None}
    told = differences(compiled, base.decisions, found.decisions, but=offer)
    return {"instead": told, "usd_low": max(low, 0.0), "usd_high": _finite(high)}


def step(rule: Rule) -> float:
    """How much more of a rule is one unit."""
    if rule.unit == "share":
        return PERCENT
    return 1.0 if rule.whole or not rule.limit else min(1.0, PERCENT * abs(rule.limit))


def _limit(study: _Study, rule: Rule) -> tuple[Row, int]:
    """What a rule costs, and what one unit more of it saves if it costs something."""
    found = study.eased(f"without {rule.sentence}", rule, None)
    costs = _saved(study, found)
    row = {
        **dict.fromkeys(RULES),
        "rule": rule.sentence,
        "costs_low_usd": costs[0],
        "costs_high_usd": _finite(costs[1]),
    }
    if not _lower(study, found.upper):
        told = "costs nothing" if costs[1] == 0.0 else f"no better plan was found without it; it costs {_span(*costs)}"
        return {**row, "sentence": f"{_headed(rule)}: {told}."}, 1
    said = f"{_headed(rule)}: having it costs {_span(*costs)}"
    if not rule.unit:
        return {**row, "sentence": f"{said}."}, 1
    more = step(rule)
    eased = study.eased(f"{rule.sentence}: {repair.easing(rule, more)}", rule, more)
    low, high = _saved(study, eased)
    worth = {"unit": rule.unit, "more": more, "usd_low": low, "usd_high": _finite(high)}
    saves = "nothing" if high == 0.0 else _span(low, high)
    return {**row, **worth, "sentence": f"{said}; {repair.easing(rule, more)} saves {saves}."}, 2


def _saved(study: _Study, found: Solved) -> tuple[float, float]:
    """What a plan saves that something less is asked of: never less than nothing."""
    low, high = study.base.lower - found.upper, study.base.upper - found.lower
    return _at_least_nothing(study, low), _at_least_nothing(study, high)


def _at_least_nothing(study: _Study, usd: float) -> float:
    """An amount that cannot be negative, without what the solver's tolerances leave open."""
    return usd if usd > ROUNDING * abs(study.base.upper) else 0.0


def _lower(study: _Study, usd: float) -> bool:
    """Whether a plan costs less than the best one known."""
    return usd < study.base.upper - ROUNDING * abs(study.base.upper)


def _span(low: float, high: float) -> str:
    """What is never less than nothing."""
    if low <= 0 and not math.isfinite(high):
        return "an amount that nothing is proven about"
    return between(low if low > 0 else -math.inf, high)


def _headed(rule: Rule) -> str:
    return rule.sentence[0].upper() + rule.sentence[1:]


def _demand(study: _Study, rule: Rule) -> tuple[Row, int]:
    """What one percent more of a demand costs."""
    w = rule.workload
    compiled = replace(study.compiled, problem=with_demand(study.problem, w, 1 + PERCENT))
    found = study.solve(f"{w}: 1% more of it", lambda model: None, compiled)
    low, high = found.lower - study.base.upper, found.upper - study.base.lower
    if _more_costs_more(study.problem):
        low, high = (_at_least_nothing(study, usd) for usd in (low, high))
    said = f"saves {_span(-high, -low)}" if high < 0 else f"costs {_span(low, high) if high else 'nothing'}"
    told = "is not possible" if low == math.inf else said
    worth = {"unit": "share", "more": PERCENT, "usd_low": _finite(low), "usd_high": _finite(high)}
    return {**dict.fromkeys(RULES), "rule": rule.sentence, **worth, "sentence": f"One percent more of {w} {told}."}, 1


def _more_costs_more(problem: Any) -> bool:
    """Whether every plan for more of a demand makes one for less at no higher cost: not where shares of what is served
    or spent are limited, nor where what is left to spend of a commitment may break a budget."""
    capped = problem.cash_limits or problem.balance_limits or problem.obligations_max_usd is not None
    return not (problem.spend_share or problem.served_share or (problem.commitments and capped))


def with_demand(problem: Any, workload: str, factor: float) -> Any:
    """The problem with so many times the demand of a workload."""
    given = problem.workloads[workload]
    run = None if given.run is None else replace(given.run, flop=factor * given.run.flop)
    scaled = {**problem.workloads, workload: replace(given, provision=factor * given.provision, run=run)}
    for name, other in scaled.items():
        if other.rollouts is not None and other.rollouts.learner == workload:
            scaled[name] = replace(other, rollouts=replace(other.rollouts, most=factor * other.rollouts.most))
    return replace(problem, workloads=scaled)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
