"""What moves the cost, and what changes the decision: one assumption at a time, or two on a grid.

In every world, that is the instance with a swing, two problems are solved: V_kept, the least cost of the plans that
sign what the best plan of today signs, and V, that of all plans, begun with the former. What today's signings cost too
much there, V_kept - V, lies between lower(V_kept) - upper(V) and upper(V_kept) - lower(V). They

    flip     if the first is positive: other signings are proven to cost less
    stand    if the plan found signs the same, or the second is no more than the gap: nothing better is left to find
    open     else: other signings were found, but the gaps do not tell them apart

All of it is about the signings of one plan: if that is far from proven, they may not be the best today either.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..instance.schema import Instance
from . import executors, swings, worlds
from .bad_question import BadQuestion
from .changes import changes
from .executors import Executor
from .signings import Row

if TYPE_CHECKING:
    import pandas

    from ..plan import Plan
    from ..solve import Limits

GRID_STEPS = 5
"""values of a swing along each side of a grid, its ends and its middle among them"""
ROUNDING = 1e-6
"""of the cost: what the solver's tolerances leave open"""


@dataclass(frozen=True)
class World:
    """The instance with one swing, or two. Costs in USD; None where there is no plan."""

    at: tuple[tuple[str, float], ...]
    """(name, value) of the swings"""
    verdict: str
    """flip, stand, open, or no plan"""
    cost_usd: float | None = None
    bound_usd: float | None = None
    kept_usd: float | None = None
    """cost of the best plan with today's signings"""
    regret_low_usd: float | None = None
    """what today's signings cost too much there is proven to be at least this"""
    regret_high_usd: float | None = None
    """and at most this; None: they have no plan there, or that is not known"""
    changed: tuple[str, ...] = ()
    """what the plan found there decides otherwise than that of today"""

    @property
    def words(self) -> str:
        return ", ".join(f"{name} {swings.said(name, value)}" for name, value in self.at)

    def to_row(self) -> Row:
        """Plain JSON types."""
        row = {"world": self.words, **{name: value for name, value in vars(self).items() if name != "at"}}
        return {**row, "changed": list(self.changed), "at": dict(self.at)}


@dataclass(frozen=True)
class Sensitivity:
    """The best plan of today, and worlds beside it."""

    best: Plan
    worlds: list[World]
    """by swing, the low end before the high end; on a grid, row by row"""
    grid: tuple[str, str] | None = None
    """names along the rows and the columns; None for one swing at a time"""
    refused: tuple[str, ...] = ()
    """swings that the instance does not allow, in sentences"""
    interrupted: bool = False
    """before all worlds were done"""

    @property
    def swings(self) -> pandas.DataFrame:
        """One row per world: world, verdict, costs, and what is decided otherwise; dollars."""
        import pandas

        columns = ["world", *(name for name in World.__dataclass_fields__ if name != "at"), "at"]
        return pandas.DataFrame([world.to_row() for world in self.worlds], columns=columns)

    def spread_usd(self, name: str) -> float:
        """How far apart the ends of a swing take the cost; infinite if there is no plan at one."""
        costs = [world.cost_usd for world in self.worlds if world.at[0][0] == name]
        known = [self.best.objective_usd, *(cost for cost in costs if cost is not None)]
        return math.inf if None in costs else max(known) - min(known)

    @property
    def tornado(self) -> list[str]:
        """Names of the swings, what moves the cost most first."""
        names = list(dict.fromkeys(world.at[0][0] for world in self.worlds))
        return sorted(names, key=lambda name: -self.spread_usd(name))

    def to_document(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "cost_usd": self.best.objective_usd,
            "bound_usd": self.best.bound_usd,
            "grid": None if self.grid is None else list(self.grid),
            "worlds": [world.to_row() for world in self.worlds],
            "refused": list(self.refused),
        }


def sensitivity(
    instance: Instance,
    swing: Mapping[str, float] | None = None,
    grid: tuple[str, str] | None = None,
    gap: float = 1e-3,
    time_limit_s: float | None = None,
    progress: Callable[[str], None] | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
) -> Sensitivity:
    """How the best plan and its cost move when one assumption does, each down and up by its swing.

    By default prices, demand and throughput by 20 %, delivery two months late, the discount rate by two points. `swing`
    says otherwise by name, or adds what is narrower: {"price:lease": 0.3}. With a `grid` of two names all pairs of five
    values each. `gap` and `time_limit_s` hold for each solve: one for today's plan, two for each world. `jobs`:
    processes for the worlds; or an `executor` takes them. An interrupt keeps the worlds that are done. Raises
    BadQuestion for a name or swing that means nothing, NoPlan if the instance has no plan, KeyboardInterrupt if nothing
    is done yet.
    """
    from ..solve import Limits

    grid = None if grid is None else (swings.canonical(grid[0]), swings.canonical(grid[1]))
    sizes = _sizes(instance, {swings.canonical(name): size for name, size in (swing or {}).items()}, grid)
    tried, refused = _tried(instance, sizes, grid)
    say, limits = progress or (lambda said: None), Limits(gap=gap, time_limit_s=time_limit_s)
    say("the best plan")
    best = worlds.optimum(instance, limits)
    tasks = [(instance, at, best.to_document(), limits) for at in tried]
    names = [World(at, "").words for at in tried]
    with executors.chosen(executor, jobs) as taker:
        found = executors.each(_world, tasks, names, taker, say) if tasks else []
    return Sensitivity(best, found, grid, tuple(refused), interrupted=len(found) < len(tried))


def _sizes(instance: Instance, swing: Mapping[str, float], grid: tuple[str, str] | None) -> dict[str, float]:
    """Name -> swing. Raises BadQuestion."""
    for name, size in swing.items():
        kind, _ = swings.named(instance, name)
        if not 0 < size < math.inf or (kind.unit == "factor" and size >= 1):
            most = " and below 1" if kind.unit == "factor" else ""
            raise BadQuestion(f"the swing of {name} must be above 0{most}, in {kind.unit}; it is {size:g}")
        if kind.unit == "months" and size != int(size):
            raise BadQuestion(f"{name} swings by whole months, not {size:g}")
    if grid is not None and grid[0] == grid[1]:
        raise BadQuestion(f"a grid takes two different names, not {grid[0]} twice")
    asked = dict.fromkeys(swings.KINDS if grid is None else grid)
    return {name: swing.get(name, swings.named(instance, name)[0].swing) for name in [*asked, *swing]}


def _tried(
    instance: Instance, sizes: dict[str, float], grid: tuple[str, str] | None
) -> tuple[list[tuple[tuple[str, float], ...]], list[str]]:
    """The worlds, and what the instance does not allow."""
    if grid is not None:
        rows, columns = (_steps(name, sizes[name]) for name in grid)
        return [((grid[0], row), (grid[1], column)) for row in rows for column in columns], []
    tried, refused = [], []
    for name, size in sizes.items():
        values = [value for value in swings.ends(name, size) if not swings.rests(name, value)]
        if not swings.named(instance, name)[1]:
            refused.append(f"{name}: the instance has nothing of the kind.")
            continue
        if name == "discount" and instance.finance.discounting.rate == 0:
            values = values[1:]
        try:
            swings.swung(instance, name, values[-1])
        except BadQuestion as error:
            refused.append(f"{error}.")
            continue
        tried += [((name, value),) for value in values]
    return tried, refused


def _steps(name: str, size: float) -> list[float]:
    low, high = swings.ends(name, size)
    steps = [low + (high - low) * k / (GRID_STEPS - 1) for k in range(GRID_STEPS)]
    whole = swings.KINDS[name.partition(":")[0]].unit == "months"
    return list(dict.fromkeys(round(step) if whole else round(step, 9) for step in steps))


def _world(task: tuple[Instance, tuple[tuple[str, float], ...], dict[str, Any], Limits]) -> World:
    """Solve one world."""
    from ..engine import NoPlan

    instance, at, today, limits = task
    for name, value in at:
        if not swings.rests(name, value):
            instance = swings.swung(instance, name, value)
    kept, known = None, True
    try:
        kept = worlds.with_signings(instance, limits, today["deals"])
    except NoPlan:
        known = False
    try:
        plan = worlds.optimum(instance, limits, today["deals"])
    except NoPlan as error:
        verdict = "no plan" if error.outcome.status == "infeasible" else "open"
        return World(at, verdict, bound_usd=error.outcome.bound)
    changed = tuple(changes(today, plan.to_document()))
    if kept is None and not known:
        verdict = "open" if changed else "stand"
        return World(at, verdict, plan.objective_usd, plan.bound_usd, changed=changed)
    return _compared(at, kept, plan, changed, limits.gap)


def _compared(
    at: tuple[tuple[str, float], ...], kept: Plan | None, plan: Plan, changed: tuple[str, ...], gap: float
) -> World:
    """Against the best plan with today's signings, None if there is none."""
    cost, known = plan.objective_usd, {"cost_usd": plan.objective_usd, "bound_usd": plan.bound_usd, "changed": changed}
    if kept is None:
        return World(at, "flip", **known)
    low, high = kept.bound_usd - cost, kept.objective_usd - plan.bound_usd
    small = max(gap, ROUNDING) * abs(cost)
    verdict = "flip" if low > ROUNDING * abs(cost) else "stand" if not changed or high <= small else "open"
    slack = ROUNDING * abs(cost)
    regrets = {name: usd if usd > slack else 0.0 for name, usd in (("regret_low_usd", low), ("regret_high_usd", high))}
    return World(at, verdict, kept_usd=kept.objective_usd, **regrets, **known)
