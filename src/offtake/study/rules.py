"""The business rules of an instance: what a planner could relax, each as a sentence and the rows that say it.

Physics (what a pool holds, how deals are signed) is no rule. A rule with a unit can be moved: `moved` shifts the bounds
of its rows, so that it allows more, or less. One unit is

    million USD, MW, tonnes, requests/s, accelerators
                                            added to the limit, in the unit of the row
    share                                   of what each row asks for: 0.01 is one percent of the demand
    offer, provider, pause                  one more or one less, whole

A rule without a unit can only be given up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pyomo.environ import ConcreteModel

from offtake_models.porting import most_held
from offtake_models.problem import Contingency, Problem
from offtake_models.supply import sources_by_slot

from ..instance.months import Month
from ..instance.pools import pools
from ..instance.schema import Exclusive, Instance, Training
from ..instance.workloads import deadline_month, runs
from .wording import usd

MILLION = 1e6
WHOLE = ("offer", "provider", "pause")
PLENTY = 100
"""times a stock that is as good as no limit"""


@dataclass(frozen=True)
class Rule:
    """One business rule."""

    sentence: str
    members: list[tuple[str, tuple]]
    """rows of the model: (component, index)"""
    unit: str = ""
    """what its limit is moved by; empty: it can only be given up"""
    limit: float | None = None
    """in that unit, of a balance the largest; None where the rule has none"""
    workload: str = ""
    """of demand that must be served"""
    eased: Callable[[Problem, float | None], Problem] | None = None
    """the problem in which it allows so much more (None: in which it is not), where rows alone do not say that"""

    @property
    def without_rows(self) -> bool:
        """Whether only another problem says what it is to be without it."""
        return not self.members and self.eased is not None

    @property
    def whole(self) -> bool:
        """Whether it can be moved by whole steps only, or not at all."""
        return not self.unit or self.unit in WHOLE


def rows(model: ConcreteModel, rule: Rule) -> list[Any]:
    """Its constraints in a model."""
    return [model.component(name)[index] for name, index in rule.members]


def moved(row: Any, rule: Rule, amount: Any) -> tuple[Any, Any, Any]:
    """(lower, body, upper) of a row whose rule allows so much more; `amount` is a number or a variable."""
    lower, upper = row.lb, row.ub
    if lower is not None:
        step = abs(lower) if rule.unit == "share" else 1.0
        return lower, row.body + step * amount, upper
    return None, row.body - amount, upper


def switch(model: ConcreteModel, rule: Rule, on: bool) -> None:
    """Keep a rule in a model, or give it up."""
    for row in rows(model, rule):
        row.activate() if on else row.deactivate()


def business_rules(instance: Instance, problem: Problem, model: ConcreteModel) -> list[Rule]:
    """The rules that a planner could relax, money first: what is dropped first is blamed last."""
    return [
        *_money_rules(instance, problem, model),
        *_power_rules(problem, model),
        *_promised_rules(problem, model),
        *_carbon_rules(problem, model),
        *_concentration_rules(problem, model),
        *_group_rules(instance, problem, model),
        *_training_rules(instance, problem, model),
        *_demand_rules(instance, problem, model),
    ]


def stock_rules(instance: Instance, problem: Problem) -> list[Rule]:
    """How much there is of what is bought by use: no rule of the planner, and yet a seller may have more."""
    rules = []
    for pool in pools(instance):
        if pool.id in problem.elastic_limit:
            most = float(problem.elastic_limit[pool.id].max())
            unit = "requests/s" if pool.accelerator is None else "accelerators"
            said = f"the limit of {pool.supply}, {most:,.6g} {unit}"
            rules.append(Rule(said, [], unit, most, eased=partial(_with_more_stock, pool=pool.id)))
    return rules


def _with_more_stock(problem: Problem, more: float | None, pool: str) -> Problem:
    """There is more of what is bought by use wherever there is some, or as good as all that could be asked for."""
    limit = problem.elastic_limit[pool]
    larger = PLENTY * limit if more is None else limit + more * (limit > 0)
    return replace(problem, elastic_limit={**problem.elastic_limit, pool: larger})


def _money_rules(instance: Instance, problem: Problem, model: ConcreteModel) -> list[Rule]:
    rules = []
    for k, limit in enumerate(problem.cash_limits):
        members = [("within_budget", (s, k)) for s in problem.scenarios]
        said = f"the budget of {limit.name}, {usd(limit.usd)}"
        rules.append(Rule(said, members, "million USD", limit.usd / MILLION))
    balance = list(model.balance_kept)
    if balance:
        said = f"a cash balance of at least {usd(instance.finance.cash_min_usd)}, given the funding"
        most = max(limit.usd for limit in problem.balance_limits)
        rules.append(Rule(said, _all("balance_kept", balance), "million USD", most / MILLION))
    cap = problem.obligations_max_usd
    if cap is not None:
        members = _all("obligations_capped", list(model.obligations_capped))
        rules.append(Rule(f"obligations of at most {usd(cap)}", members, "million USD", cap / MILLION))
    return rules


def _power_rules(problem: Problem, model: ConcreteModel) -> list[Rule]:
    rules = []
    for k, limit in enumerate(problem.power_limits):
        members = _all("power_capped", [index for index in model.power_capped if index[1] == k])
        said = f"power of at most {limit.mw:,.6g} MW in {limit.site or 'service'}"
        rules.append(Rule(said, members, "MW", limit.mw))
    return rules


def _promised_rules(problem: Problem, model: ConcreteModel) -> list[Rule]:
    """Spend commitments, ports, and what must survive a loss."""
    rules = []
    for k, commitment in enumerate(problem.commitments):
        members = _all("taken_as_promised", [slot for slot in model.taken_as_promised if slot[0] == k])
        if members and not commitment.prepaid:
            rules.append(Rule(f"the spend commitment {commitment.name}, which is trued up", members))
    for k, port in enumerate(problem.ports):
        lost = [slot for slot in model.ported_when_lost if problem.port_of[slot[1:3]] == k]
        members = _all("served_once_ported", [slot for slot in model.served_once_ported if slot[0] == k])
        members += _all("ported_when_lost", lost)
        takes = f"{port.months} month{'' if port.months == 1 else 's'}"
        said = f"the port of {port.model} to {port.family}, which takes {takes}"
        rules.append(Rule(said, members, eased=partial(_without_port, k=k)))
    for k, lost in enumerate(problem.contingencies):
        members = _all("kept_when_lost", [slot for slot in model.kept_when_lost if slot[0] == k])
        said = f"the rule that {_kept(lost)} is served without {lost.name}"
        rules.append(Rule(said, members, "share", eased=partial(_keeping_less, k=k)))
    return rules


def _without_port(problem: Problem, _more: float | None, k: int) -> Problem:
    """Nothing waits for the port."""
    ports = [replace(port, pairs=[]) if j == k else port for j, port in enumerate(problem.ports)]
    return replace(problem, ports=ports)


def _keeping_less(problem: Problem, share: float | None, k: int) -> Problem:
    """A contingency must leave less, by a share."""
    lost = problem.contingencies[k]
    kept = [] if share is None else [replace(lost, keep={w: (1 - share) * keep for w, keep in lost.keep.items()})]
    return replace(problem, contingencies=[*problem.contingencies[:k], *kept, *problem.contingencies[k + 1 :]])


def _at_any_scale(problem: Problem, _more: float | None, workload: str) -> Problem:
    """A training run takes as much of a place as can be held there."""
    held = [most_held(problem, found) for found in sources_by_slot(problem).values()]
    most = max([*held, *(float(limit.max()) for limit in problem.elastic_limit.values())])
    given = problem.workloads[workload]
    run = replace(given.run, most_accelerators=max(most, given.run.most_accelerators))
    return replace(problem, workloads={**problem.workloads, workload: replace(given, run=run)})


def _carbon_rules(problem: Problem, model: ConcreteModel) -> list[Rule]:
    rules = []
    for k, emitted in enumerate(problem.carbon_limits):
        members = _all("carbon_capped", [index for index in model.carbon_capped if index[1] == k])
        said = f"emissions of at most {emitted.tonnes:,.6g} tonnes of CO2 in {emitted.name}"
        rules.append(Rule(said, members, "tonnes", emitted.tonnes))
    return rules


def _kept(lost: Contingency) -> str:
    return ", ".join(f"{share:.4g} of {workload}" for workload, share in lost.keep.items())


def _group_rules(instance: Instance, problem: Problem, model: ConcreteModel) -> list[Rule]:
    rules = []
    for g, group in enumerate(problem.groups):
        row = _ROW[group.kind]
        named = ", ".join(group.offers or group.providers)
        said = _SAY[group.kind].format(k=group.count, o=named, **_apart(instance, g))
        members = _all(row, [index for index in model.component(row) if index[0] == g])
        rules.append(Rule(f"the rule that {said}", members, _STEP.get(group.kind, ""), group.count))
    return rules


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
_STEP = {"at_most": "offer", "at_most_providers": "provider", "at_least": "offer"}
"""what the number of a rule counts"""


def _concentration_rules(problem: Problem, model: ConcreteModel) -> list[Rule]:
    """Shares of the portfolio, and who must be in it."""
    rules = []
    for k, share in enumerate(problem.power_shares):
        members = _all("power_shared", [index for index in model.power_shared if index[1] == k])
        said = f"a share of at most {share.most:.4g} of the megawatts in service for {share.name}"
        rules.append(Rule(said, members, "MW"))
    limits = {"spend_shared": problem.spend_share, "served_shared": problem.served_share}
    for row, limit in limits.items():
        what, unit = ("spend", "million USD") if row == "spend_shared" else ("requests served", "requests/s")
        if limit is not None:
            said = f"a share of at most {limit.most:.4g} of the {what} for each group of providers"
            rules.append(Rule(said, _all(row, list(model.component(row))), unit))
    if problem.sellers_min is not None:
        said = f"capacity in service of at least {problem.sellers_min.least} groups of providers"
        members = _all("sellers_enough", list(model.sellers_enough))
        rules.append(Rule(said, members, "provider", problem.sellers_min.least))
    return rules


def _training_rules(instance: Instance, problem: Problem, model: ConcreteModel) -> list[Rule]:
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
        units = {"paused_as_allowed": ("pause", run.pauses_max), "trained_in_time": ("share", None)}
        for row, sentence in said.items():
            own = _all(row, [index for index in model.component(row) if key in index[:2]])
            asked = key if row == "trained_in_time" else ""
            if own and row == "not_too_large":  # its rows say too that it works only where it is
                rules.append(Rule(sentence, [], eased=partial(_at_any_scale, workload=key)))
            elif own:
                rules.append(Rule(sentence, own, *units.get(row, ("", None)), workload=asked))
    return rules


def _last_month(instance: Instance, run: Training) -> Month:
    """The month at whose end a run is done, late or not."""
    if run.lateness_usd_per_month is None:
        return deadline_month(instance, run)
    return instance.horizon.start + (instance.horizon.months - 1)


def _demand_rules(instance: Instance, problem: Problem, model: ConcreteModel) -> list[Rule]:
    found = {w: [] for w in instance.workloads}
    for name in ("demand_met", "work_in_time"):
        for index in model.component(name):
            if problem.workloads[index[0]].refused_usd is None:
                found[index[0]].append((name, index))
    said = {w: f"the demand of {w}, which must be served" for w in found}
    return [Rule(said[w], members, "share", workload=w) for w, members in found.items() if members]


def _all(name: str, indices: list[tuple]) -> list[tuple[str, tuple]]:
    return [(name, index) for index in indices]
