"""Why there is no plan: a smallest set of business rules that cannot hold together.

A deletion filter over named rules: each rule is dropped in turn, and stays dropped if there is still no plan
without it. What remains clashes, and would not if any one of its rules went. The physics of supply (what a pool
holds, how deals are signed) is never dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyomo.environ import ConcreteModel, Objective

from offtake_models import build
from offtake_models.problem import Contingency, Problem

from ..compile import compile_instance
from ..instance.months import Month
from ..instance.schema import Exclusive, Instance, Training
from ..instance.workloads import deadline_month, runs
from ..solve import Limits, solve_model
from .wording import usd

SECONDS_PER_RULE = 20.0
"""Time for each question; a rule that is not shown to be innocent in that time is kept, and said to be unproven."""


@dataclass(frozen=True)
class Rule:
    """One business rule: a sentence, and the constraints that say it as (component, index)."""

    sentence: str
    members: list[tuple[str, tuple]]


def explain(instance: Instance) -> list[str]:
    """Sentences that name a smallest set of clashing rules; empty if the instance has a plan after all."""
    problem = compile_instance(instance).problem
    model = build(problem)
    model.least_cost.deactivate()
    model.any_plan = Objective(expr=0.0)
    rules = business_rules(instance, problem, model)
    if _clashes(model) is False:
        return []
    unproven = False
    kept = []
    for rule in rules:
        _switch(model, rule, on=False)
        verdict = _clashes(model)
        if verdict is not True:
            _switch(model, rule, on=True)
            kept.append(rule.sentence)
            unproven = unproven or verdict is None
    if unproven:
        kept.append("Time ran out on some rules, so a smaller set of clashing rules may exist.")
    return kept


def business_rules(instance: Instance, problem: Problem, model: ConcreteModel) -> list[Rule]:
    """The rules that a planner could relax, money first: what is dropped first is blamed last."""
    rules = [
        Rule(f"the budget of {limit.name}, {usd(limit.usd)}", [("within_budget", (s, k)) for s in problem.scenarios])
        for k, limit in enumerate(problem.cash_limits)
    ]
    balance = list(model.balance_kept)
    if balance:
        least = instance.finance.cash_min_usd
        rules.append(Rule(f"a cash balance of at least {usd(least)}, given the funding", _all("balance_kept", balance)))
    cap = problem.obligations_max_usd
    if cap is not None:
        rules.append(
            Rule(f"obligations of at most {usd(cap)}", _all("obligations_capped", list(model.obligations_capped)))
        )
    for k, limit in enumerate(problem.power_limits):
        members = _all("power_capped", [index for index in model.power_capped if index[1] == k])
        rules.append(Rule(f"power of at most {limit.mw:,.6g} MW in {limit.site or 'service'}", members))
    for k, commitment in enumerate(problem.commitments):
        members = _all("commitment_met", [slot for slot in model.commitment_met if slot[0] == k])
        if members and commitment.mandatory:
            rules.append(Rule(f"the spend commitment {commitment.name}, which is trued up", members))
    for k, port in enumerate(problem.ports):
        members = _all("served_once_ported", [slot for slot in model.served_once_ported if slot[0] == k])
        takes = f"{port.months} month{'' if port.months == 1 else 's'}"
        rules.append(Rule(f"the port of {port.model} to {port.family}, which takes {takes}", members))
    for k, lost in enumerate(problem.contingencies):
        members = _all("kept_when_lost", [slot for slot in model.kept_when_lost if slot[0] == k])
        rules.append(Rule(f"the rule that {_kept(lost)} is served without {lost.name}", members))
    for k, emitted in enumerate(problem.carbon_limits):
        members = _all("carbon_capped", [index for index in model.carbon_capped if index[1] == k])
        rules.append(Rule(f"emissions of at most {emitted.tonnes:,.6g} tonnes of CO2 in {emitted.name}", members))
    rules.extend(_concentration_rules(problem, model))
    for g, group in enumerate(problem.groups):
        row = _ROW[group.kind]
        named = ", ".join(group.offers or group.providers)
        said = _SAY[group.kind].format(k=group.count, o=named, **_apart(instance, g))
        members = _all(row, [index for index in model.component(row) if index[0] == g])
        rules.append(Rule(f"the rule that {said}", members))
    rules.extend(_training_rules(instance, model))
    rules.extend(_demand_rules(instance, model))
    return rules


def _kept(lost: Contingency) -> str:
    return ", ".join(f"{share:.4g} of {workload}" for workload, share in lost.keep.items())


def _apart(instance: Instance, g: int) -> dict[str, str]:
    """Who is to be alone, beside whom, and until when."""
    rule = instance.groups[g]
    if not isinstance(rule, Exclusive):
        return {}
    until = "" if rule.until is None else f", before {rule.until}"
    return {"one": rule.exclusive, "others": ", ".join(rule.offers), "until": until}


_ROW = {
    "at_most": "at_most_of_group",
    "at_most_providers": "at_most_of_providers",
    "at_least": "at_least_of_group",
    "requires": "required_is_signed",
    "exclusive": "exclusive_while_running",
}
_SAY = {
    "at_most": "at most {k} of {o} may be signed",
    "at_most_providers": "at most {k} of the providers {o} may be there",
    "at_least": "at least {k} of {o} must be signed",
    "requires": "the first of {o} requires the second",
    "exclusive": "none of {others} may be in service while {one} is{until}",
}


def _concentration_rules(problem: Problem, model: ConcreteModel) -> list[Rule]:
    """Shares of the portfolio, and who must be in it."""
    rules = []
    for k, share in enumerate(problem.power_shares):
        members = _all("power_shared", [index for index in model.power_shared if index[1] == k])
        rules.append(Rule(f"a share of at most {share.most:.4g} of the megawatts in service for {share.name}", members))
    limits = {"spend_shared": problem.spend_share, "served_shared": problem.served_share}
    for row, limit in limits.items():
        what = "spend" if row == "spend_shared" else "requests served"
        if limit is not None:
            said = f"a share of at most {limit.most:.4g} of the {what} for each group of providers"
            rules.append(Rule(said, _all(row, list(model.component(row)))))
    if problem.sellers_min is not None:
        said = f"capacity in service of at least {problem.sellers_min.least} groups of providers"
        rules.append(Rule(said, _all("sellers_enough", list(model.sellers_enough))))
    return rules


def _training_rules(instance: Instance, model: ConcreteModel) -> list[Rule]:
    """How a run may work, then that it is done at all."""
    rules = []
    for key, run in runs(instance).items():
        said = {
            "all_day_long": f"the rule that {key} trains on the same accelerators all day long",
            "large_enough": f"the scale of {key}, at least {run.accelerators.min:,.6g} accelerators",
            "not_too_large": f"the scale of {key}, at most {run.accelerators.max:,.6g} accelerators",
            "one_place_at_a_time": f"the rule that {key} trains in one place at a time",
            "paused_as_allowed": f"the rule that {key} pauses at most {run.pauses_max} times",
            "learnt_from_rollouts": f"the rule that {key} learns only from rollouts of the same period",
            "trained_in_time": f"the training run {key}, which must be done by the end of {_last_month(instance, run)}",
        }
        for row, sentence in said.items():
            own = [index for index in model.component(row) if key in index[:2]]
            if own:
                rules.append(Rule(sentence, _all(row, own)))
    return rules


def _last_month(instance: Instance, run: Training) -> Month:
    """The month at whose end a run is done, late or not."""
    if run.lateness_usd_per_month is None:
        return deadline_month(instance, run)
    return instance.horizon.start + (instance.horizon.months - 1)


def _demand_rules(instance: Instance, model: ConcreteModel) -> list[Rule]:
    rows = {w: [] for w in instance.workloads}
    for name in ("demand_met", "work_in_time"):
        for index in model.component(name):
            rows[index[0]].append((name, index))
    return [Rule(f"the demand of {w}, which must be served", members) for w, members in rows.items() if members]


def _all(name: str, indices: list[tuple]) -> list[tuple[str, tuple]]:
    return [(name, index) for index in indices]


def _switch(model: ConcreteModel, rule: Rule, on: bool) -> None:
    for name, index in rule.members:
        row = model.component(name)[index]
        row.activate() if on else row.deactivate()


def _clashes(model: ConcreteModel) -> bool | None:
    """True if there is provably no plan, False if there is one, None if time ran out."""
    outcome = solve_model(model, Limits(gap=1.0, time_limit_s=SECONDS_PER_RULE))
    if outcome.status == "infeasible":
        return True
    return False if outcome.objective is not None else None
