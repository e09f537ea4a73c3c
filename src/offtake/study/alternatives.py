"""Plans that cost nearly the least and differ as much as they can: what is settled, and what is a matter of taste.

With C the cost of the best plan found, B the proven bound and a slack s, an alternative is a plan that costs at most
C + s |C| and is the best by another measure (`measures`). First the measure is solved under that ceiling, then, with
its signings and its figure held, the cheapest use of them. So its cost is at most 1 + s times the best found, and what
it could be above the least cost that is possible is proven by B.

An offer that every plan signs is a must if no plan without it costs as little as the ceiling: one more solve each.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..instance.schema import Instance
from . import executors, measures, worlds
from .bad_question import BadQuestion
from .changes import changes
from .executors import Executor
from .signings import Row, signings
from .wording import listed, usd

if TYPE_CHECKING:
    import pandas

    from ..compile import Compiled
    from ..plan import Plan
    from ..solve import Limits, Outcome

KINDS = {
    "contracts": "most changed",
    "mix": "other providers",
    "fewest": "fewest contracts",
    "lock-in": "least owed",
    "most": "most of one provider",
}
SENSE = {"contracts": -1, "mix": -1, "fewest": 1, "lock-in": 1, "most": -1}
"""1: less of the measure is better"""
BY_USE = ("mix", "lock-in", "most")
"""measures of more than the signings"""
HELD = 1e-6
"""share of its figure that an alternative may lose when its use is made cheap"""
SCALE = 1e4
"""the ceiling on the cost, as a number in the model: the solver's tolerances are absolute"""


@dataclass(frozen=True)
class Alternative:
    """A plan inside the slack."""

    name: str
    kind: str
    """best, contracts, mix, fewest, lock-in or most"""
    plan: Plan
    over_best: float
    """cost above that of the best plan found, as a share of it"""
    over_bound: float
    """cost above the proven bound, as a share of that of the best plan found: no more can be saved"""
    figure: float | None = None
    """by its own measure: offers signed otherwise than in any plan before it (contracts), share of the spend that moved
    to other providers (mix), deals (fewest), USD (lock-in, most)"""
    figure_bound: float | None = None
    """no plan inside the slack is better by that measure: proven"""
    changed: tuple[str, ...] = ()
    """what it decides otherwise than the best plan"""
    same_as: str | None = None
    """the plan before it that signs the same"""


@dataclass(frozen=True)
class Alternatives:
    """The best plan and those inside the slack."""

    within: float
    found: list[Alternative]
    """the best plan first"""
    decided: list[Row]
    """by offer: verdict, and in which plans it is signed"""
    interrupted: bool = False
    """before all that was asked for was done"""

    @property
    def plans(self) -> pandas.DataFrame:
        """One row per plan, the best one first; `plan` holds the plans themselves."""
        import pandas

        return pandas.DataFrame(
            [{**row, "plan": each.plan} for row, each in zip(self._rows(), self.found, strict=True)]
        )

    @cached_property
    def offers(self) -> pandas.DataFrame:
        """offer; verdict: must do (proven: no plan inside the slack goes without it), in all (of the plans found),
        open, left out (of the plans found); in: the plans that sign it."""
        import pandas

        return pandas.DataFrame(self.decided, columns=["offer", "verdict", "in"])

    def to_document(self) -> dict[str, Any]:
        """Plain JSON types, without the plans."""
        return {"within": self.within, "plans": self._rows(), "offers": self.decided}

    def _rows(self) -> list[Row]:
        return [
            {
                "name": each.name,
                "kind": each.kind,
                "cost_usd": each.plan.objective_usd,
                "bound_usd": each.plan.bound_usd,
                "over_best": each.over_best,
                "over_bound": each.over_bound,
                "figure": each.figure,
                "figure_bound": each.figure_bound,
                "changed": list(each.changed),
                "same_as": each.same_as,
            }
            for each in self.found
        ]


def alternatives(
    instance: Instance,
    within: float = 0.02,
    count: int = 5,
    most: str | None = None,
    gap: float = 1e-3,
    time_limit_s: float | None = None,
    progress: Callable[[str], None] | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
) -> Alternatives:
    """The best plan and `count` others that cost at most `within` more, as a share of its cost.

    One each for contracts, provider mix, fewest contracts, least lock-in and, if a provider is named, the `most` of it;
    what is left of `count` goes to plans that sign otherwise than all before them. `gap` and `time_limit_s` hold for
    each solve: one for the best plan, two for each other, one for each offer that all of them sign. `jobs`: processes
    for the solves that do not wait for each other; or an `executor` takes them. An interrupt keeps what is done. Raises
    BadQuestion for a provider that the instance does not have or a slack or count that means nothing, NoPlan if the
    instance has no plan, KeyboardInterrupt if that is not known yet.
    """
    _refuse(instance, within, count, most)
    from ..solve import Limits

    study = _Study(instance, within, most, Limits(gap=gap, time_limit_s=time_limit_s), progress or (lambda said: None))
    kinds = [kind for kind in KINDS if kind != "most" or most is not None]
    with executors.chosen(executor, jobs) as taker:
        done = study.add(kinds[:count], taker)
        for _ in range(count - len(kinds)):
            done = done and study.add(["contracts"], None)
        decided = study.decided(taker, proven=done)
    return Alternatives(within, study.found, decided, interrupted=study.interrupted)


def _refuse(instance: Instance, within: float, count: int, most: str | None) -> None:
    if not 0 <= within < math.inf:
        raise BadQuestion(f"the slack is a share of the cost, 0 or more (0.02 is two percent), not {within}")
    if count < 1:
        raise BadQuestion(f"at least one alternative must be asked for, not {count}")
    sellers = list(dict.fromkeys(offer.provider for offer in instance.offers.values()))
    if most is not None and most not in sellers:
        raise BadQuestion(f"nothing is on offer from a provider {most!r}; there is {listed(sellers)}")


@dataclass(frozen=True)
class _Task:
    """One alternative to find: all that a process needs to know."""

    instance: Instance
    kind: str
    provider: str | None
    ceiling_usd: float
    bound_usd: float
    plans: list[list[Row]]
    """tables of deals of the plans so far, the best first"""
    limits: Limits


@dataclass(frozen=True)
class _Found:
    """A plan by another measure, and what is proven of it."""

    plan: Plan
    figure: float
    figure_bound: float | None


class _Study:
    """The plans so far."""

    def __init__(
        self, instance: Instance, within: float, most: str | None, limits: Limits, say: Callable[[str], None]
    ) -> None:
        self.instance, self.within, self.most, self.limits, self.say = instance, within, most, limits, say
        say("the best plan")
        best = _audited(instance, worlds.optimum(instance, limits))
        self.ceiling = best.objective_usd + within * abs(best.objective_usd)
        self.found = [Alternative("best", "best", best, 0.0, best.gap)]
        self.interrupted = False

    @property
    def best(self) -> Plan:
        return self.found[0].plan

    def add(self, kinds: Sequence[str], executor: Executor | None) -> bool:
        """Find the best plans by these measures; False if an interrupt came before all of them."""
        plans = [each.plan.to_document()["deals"] for each in self.found if each.same_as is None]
        known = (self.ceiling, self.best.bound_usd, plans, self.limits)
        tasks = [_Task(self.instance, kind, self.most, *known) for kind in kinds]
        names = [KINDS[kind] if kind != "most" else f"most of {self.most}" for kind in kinds]
        ends = self._each(_solve, tasks, names, executor)
        for kind, name, end in zip(kinds, names, ends, strict=False):
            if end is not None:
                self._keep(kind, name, end)
        return not self.interrupted

    def _each(self, work: Callable, tasks: list, names: list[str], executor: Executor | None) -> list:
        """What comes of the tasks that are done before an interrupt."""
        try:
            ends = executors.each(work, tasks, names, executor, self.say)
        except KeyboardInterrupt:
            self.say("interrupted; what was found before is kept")
            ends = []
        self.interrupted = len(ends) < len(tasks)
        return ends

    def _keep(self, kind: str, name: str, end: _Found) -> None:
        cost, least = end.plan.objective_usd, self.best.objective_usd
        twin = next((each.name for each in self.found if not _changes(each.plan, end.plan)), None)
        self.found.append(
            Alternative(
                name=self._unused(name),
                kind=kind,
                plan=end.plan,
                over_best=(cost - least) / abs(least) if least else 0.0,
                over_bound=(cost - end.plan.bound_usd) / abs(least) if least else 0.0,
                figure=end.figure,
                figure_bound=end.figure_bound,
                changed=tuple(_changes(self.best, end.plan)),
                same_as=twin,
            )
        )

    def _unused(self, name: str) -> str:
        taken = sum(each.name == name or each.name.startswith(f"{name} (") for each in self.found)
        return f"{name} ({taken + 1})" if taken else name

    def decided(self, executor: Executor | None, proven: bool) -> list[Row]:
        """What the plans have in common; `proven`: and whether every plan inside the slack has."""
        taken = {each.name: {row["offer"] for row in each.plan.to_document()["deals"]} for each in self.found}
        signable = [key for key, offer in self.instance.offers.items() if offer.terms]
        common = [key for key in signable if all(key in offers for offers in taken.values())]
        musts = self._musts(common, executor) if proven and len(self.found) > 1 else {}
        rows = []
        for key in signable:
            where = [name for name, offers in taken.items() if key in offers]
            verdict = musts.get(key, "in all" if key in common else "open" if where else "left out")
            rows.append({"offer": key, "verdict": verdict, "in": where})
        return rows

    def _musts(self, offers: list[str], executor: Executor | None) -> dict[str, str]:
        tasks = [(self.instance, key, self.ceiling, self.limits) for key in offers]
        names = [f"whether a plan goes without {key}" for key in offers]
        ends = self._each(_can_go, tasks, names, executor)
        verdicts = {True: "open", False: "must do", None: "in all"}
        return {key: verdicts[end] for key, end in zip(offers, ends, strict=False)}


def _changes(one: Plan, other: Plan) -> list[str]:
    return changes(one.to_document(), other.to_document())


def _can_go(task: tuple[Instance, str, float, Limits]) -> bool | None:
    """Whether some plan under the ceiling does not sign the offer; None if that is not decided."""
    from ..compile import compile_instance
    from ..reductions import reduced
    from .solves import solved

    instance, offer, ceiling, limits = task
    compiled, beyond = reduced(compile_instance(instance)), ceiling + HELD * abs(ceiling)

    def without(model: Any) -> None:
        for copy in measures.own_copies(compiled.problem, offer):
            model.blocks[copy].setub(0)

    def known(progress: Any) -> bool:
        proven, found = progress.bound, progress.incumbent
        return (proven is not None and proven > beyond) or (found is not None and found <= ceiling)

    end = solved(compiled, limits, without, enough=known)
    return True if end.upper <= ceiling else False if end.lower > beyond else None


def _solve(task: _Task) -> _Found | None:
    """The best plan by a measure; None if a limit was hit before any was found."""
    from ..compile import compile_instance
    from ..engine import NoPlan

    compiled = compile_instance(task.instance)
    try:
        return _Search(task, measures.telling_what_is_owed(compiled) if task.kind == "lock-in" else compiled).found()
    except NoPlan:
        return None


class _Search:
    """One model: its cost under the ceiling, and the measure as its objective."""

    def __init__(self, task: _Task, compiled: Compiled) -> None:
        from pyomo.environ import Constraint, Objective, maximize, minimize

        from offtake_models import build

        self.task, self.compiled = task, compiled
        self.model = build(replace(compiled.problem, contingencies=[]))
        self.plans = [signings(compiled, deals) for deals in task.plans]
        measure = self._measure()
        scale = SCALE / max(abs(task.ceiling_usd), 1.0)
        self.model.inside_the_slack = Constraint(expr=self.model.cost * scale <= task.ceiling_usd * scale)
        self.model.least_cost.deactivate()
        self.model.other = Objective(expr=measure, sense=minimize if SENSE[task.kind] > 0 else maximize)

    def _measure(self) -> Any:
        task, model, problem = self.task, self.model, self.compiled.problem
        if task.kind == "contracts":
            return measures.contracts(model, problem, self.plans)
        if task.kind == "fewest":
            return measures.fewest(model, problem)
        if task.kind == "lock-in":
            return measures.lock_in(model)
        paid = measures.spend(model, self.compiled)
        if task.kind == "most":
            return measures.most(model, paid, task.provider)
        before = self._paid_by_the_best(paid)
        return measures.moved(model, paid, before, max(self._most_paid(), sum(before.values())))

    def _most_paid(self) -> float:
        """What no plan inside the slack pays more than, in expectation, since nothing saves more than the floor."""
        from ..plan.assemble import floor

        risk = self.compiled.problem.risk  # the dearest futures cost no less than the mean
        weights = 1.0 if risk is None else risk.mean_weight + risk.weight
        return self.task.ceiling_usd / weights - floor(self.compiled)

    def _paid_by_the_best(self, paid: dict[str, Any]) -> dict[str, float]:
        """What the best plan pays each provider, where it pays something."""
        from pyomo.environ import value

        from ..engine import NoPlan

        self._hold(self.plans[0])
        outcome, decided = self._run()
        if decided is None:
            raise NoPlan(outcome)
        self._release()
        usd_of = {provider: float(value(usd)) for provider, usd in paid.items()}
        return {provider: usd for provider, usd in usd_of.items() if usd > HELD * abs(self.task.bound_usd)}

    def found(self) -> _Found | None:
        from pyomo.environ import value

        first, decided = self._run(worlds.values(self.compiled, self.model, self.plans[0]))
        if decided is None:
            return None
        figure = float(value(self.model.other))
        self._hold_figure(figure)
        self._hold(decided.blocks)
        self.model.other.deactivate()
        self.model.least_cost.activate()
        second, cheaper = self._run()
        if cheaper is None:
            return None
        return _Found(self._plan(second, cheaper), *self._told(figure, first.bound))

    def _told(self, figure: float, bound: float | None) -> tuple[float, float | None]:
        """The figure and its bound in the unit of the measure; counts are whole."""
        if self.task.kind == "contracts":
            return float(math.floor(figure + HELD)), None if bound is None else float(math.floor(bound + HELD))
        if self.task.kind == "fewest":
            return float(round(figure)), None if bound is None else float(math.ceil(bound - HELD))
        unit = measures.MILLION if self.task.kind in ("lock-in", "most") else 1.0
        return figure * unit, None if bound is None else bound * unit

    def _plan(self, outcome: Outcome, decided: Any) -> Plan:
        from ..plan import make_plan
        from ..solve import relative_gap

        cost, bound = outcome.objective, min(self.task.bound_usd, outcome.objective)
        asked = relative_gap(self.task.ceiling_usd, bound)
        proven = replace(outcome, bound=bound, gap=relative_gap(cost, bound), status="optimal")
        plan = make_plan(self.compiled, decided, proven, replace(self.task.limits, gap=asked))
        return _audited(self.task.instance, plan)

    def _run(self, begin: Any = None) -> tuple[Outcome, Any]:
        from ..engine import searched

        stop = threading.Event()
        outcome, decided = searched(self.compiled, self.model, self.task.limits, stop=stop, begin=begin)
        if stop.is_set():
            raise KeyboardInterrupt
        return outcome, decided

    def _hold(self, signed: dict[tuple[int, int], int]) -> None:
        for copy, variable in self.model.blocks.items():
            if not self.compiled.problem.deals[copy[0]].in_force:
                variable.fix(signed.get(copy, 0))

    def _release(self) -> None:
        for copy, variable in self.model.blocks.items():
            if not self.compiled.problem.deals[copy[0]].in_force:
                variable.unfix()

    def _hold_figure(self, figure: float) -> None:
        """Neither the search for the cheapest use nor its tolerances may lose what was found."""
        from pyomo.environ import Constraint

        if self.task.kind in BY_USE:
            least = figure + SENSE[self.task.kind] * HELD * max(abs(figure), 1.0)
            measure = self.model.other.expr
            held = measure <= least if SENSE[self.task.kind] > 0 else measure >= least
            self.model.figure_held = Constraint(expr=held)


def _audited(instance: Instance, plan: Plan) -> Plan:
    from ..audit import audit

    return plan.with_audit(audit(instance, plan.to_document()).to_document())


def in_words(kind: str, figure: float | None, bound: float | None) -> str:
    """What a plan is by its own measure, and how good that can be at most inside the slack."""
    if figure is None:
        return ""
    said = {
        "contracts": lambda x: f"{x:.0f} offer{'' if x == 1 else 's'} signed otherwise",
        "mix": lambda x: f"{abs(x):.1%} of the spend moved",
        "fewest": lambda x: f"{x:.0f} deal{'' if x == 1 else 's'}",
        "lock-in": lambda x: f"{usd(x)} owed",
        "most": lambda x: f"{usd(x)} paid",
    }[kind]
    if bound is None or said(bound) == said(figure):
        return said(figure)
    return f"{said(figure)}; at {'least' if SENSE[kind] > 0 else 'most'} {said(bound)}"
