"""Rules on training runs and reinforcement learning: how much work, on how many accelerators, and when."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from .checks_dates import filled, last_month, span
from .months import Month
from .scenarios import period_starts
from .schema import Goodput, Horizon, Learning, Training
from .sentences import Finding, Path
from .structure import Draft

Findings = Iterator[Finding]
ROUNDING = 1e-9
"""relative: slopes that differ by less are equal"""
SMALLEST = {"flops": 1e16, "tokens": 1e7}
"""of a run: what one accelerator does in a minute is nothing beside a month, and lost in the solver's tolerance"""


def _runs(draft: Draft) -> Iterator[tuple[Path, str, Learning]]:
    for key, workload in draft.instance.workloads.items():
        if isinstance(workload, Learning):
            yield ("workloads", key), key, workload


def work(draft: Draft) -> Findings:
    """How much there is to do is said once, and can be done at some size."""
    for path, key, run in _runs(draft):
        given = [name for name in ("tokens", "flops") if getattr(run, name, None) is not None]
        if isinstance(run, Training) and len(given) != 1:
            label = "has both" if given else "has none"
            message = f"the training run {key} needs exactly one of tokens or flops"
            yield Finding("E021", path, message, "tokens to learn from, or operations of the whole run", label, "key")
        for name in given:
            if getattr(run, name) < SMALLEST[name]:
                message = f"{key} is too small for a training run: at least {SMALLEST[name]:g} {name}"
                help = "an accelerator does more in minutes; plan such work as batch, or leave it out"
                yield Finding("E029", (*path, name), message, help)
        if run.accelerators.min > run.accelerators.max:
            help = f"max is {run.accelerators.max:g}"
            yield Finding("E029", (*path, "accelerators", "min"), "min must not be above max", help)


def goodput(draft: Draft) -> Findings:
    """More accelerators always do more useful work, and each of them no more than those before it."""
    for path, _, run in _runs(draft):
        sizes = [point.accelerators for point in run.goodput]
        for i, (smaller, larger) in enumerate(pairwise(sizes), start=1):
            if larger <= smaller:
                help = f"the point before it has {smaller:g}"
                yield Finding(
                    "E029", (*path, "goodput", i, "accelerators"), "points of goodput go from small to large", help
                )
                break
        else:
            yield from _bent(path, run.goodput)


def _bent(path: Path, points: list[Goodput]) -> Findings:
    """Where the line through the points falls, or turns up."""
    line = [(0.0, 0.0), *((point.accelerators, point.accelerators * point.factor) for point in points)]
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(line)]
    for i, (before, slope) in enumerate(pairwise(slopes), start=1):
        at, (smaller, less), (larger, more) = (*path, "goodput", i, "factor"), line[i], line[i + 1]
        if slope <= 0:
            message = f"{larger:g} accelerators would do no more useful work than {smaller:g}"
            help = f"{larger:g} x {points[i].factor:g} is {more:g}, {smaller:g} x {points[i - 1].factor:g} is {less:g}"
            yield Finding("E029", at, message, help)
        elif slope > before * (1 + ROUNDING):
            message = f"accelerators beyond {smaller:g} would do more than those before them"
            help = f"useful work per accelerator: {before:.4g} up to {smaller:g}, then {slope:.4g}"
            yield Finding("E029", at, message, help)


def speeds(draft: Draft) -> Findings:
    """Requests per second and demand say nothing about a training run."""
    names = [key for _, key, run in _runs(draft) if isinstance(run, Training)]
    for i, rate in enumerate(draft.instance.throughput.rates):
        if rate.workload in names:
            message = f"{rate.workload} is a training run: it has no requests"
            help = "its speed is mfu: the share of the dense bf16 peak that it reaches"
            yield Finding("E021", ("throughput", "rates", i, "workload"), message, help, "")
    uncertainty = draft.instance.uncertainty
    for name, scenario in uncertainty.scenarios.items() if uncertainty is not None else ():
        for key in scenario.demand:
            if key in names:
                message = f"{key} is a training run: its work is the same in every scenario"
                help = "demand is about workloads that bring requests"
                yield Finding("E021", ("uncertainty", "scenarios", name, "demand", key), message, help, "", "key")


def windows(draft: Draft, horizon: Horizon) -> Findings:
    """A window lies in the horizon, and begins and ends with dispatch periods."""
    last = last_month(horizon)
    for path, key, run in _runs(draft):
        earliest, deadline, at = run.window.earliest, run.window.deadline, (*path, "window")
        if earliest is not None and deadline is not None and earliest > deadline:
            help = f"deadline is {deadline}"
            yield Finding("E023", (*at, "earliest"), "earliest must not be after deadline", help)
        elif earliest is not None and earliest > last:
            yield Finding("E023", (*at, "earliest"), f"{key} would begin after the horizon", span(horizon))
        elif deadline is not None and not horizon.start <= deadline <= last:
            work = "tokens or flops" if isinstance(run, Training) else "rollouts"
            help = f"{span(horizon)}; what goes on after it is left out of {work}"
            yield Finding("E023", (*at, "deadline"), f"the deadline of {key} is outside the horizon", help)
        elif filled(horizon):
            yield from _off_periods(draft, at, run, horizon)


def _off_periods(draft: Draft, at: Path, run: Learning, horizon: Horizon) -> Findings:
    starts = period_starts(draft.instance)
    ends = [*(start - 1 for start in starts[1:]), last_month(horizon)]
    earliest, deadline = run.window.earliest, run.window.deadline
    if earliest is not None and earliest > horizon.start and earliest not in starts:
        message = "a training run begins with a dispatch period"
        yield Finding("E023", (*at, "earliest"), message, f"the next one begins in {_next(starts, earliest, ends[-1])}")
    if deadline is not None and deadline not in ends:
        message = "the deadline of a training run is the last month of a dispatch period"
        yield Finding("E023", (*at, "deadline"), message, f"this one ends with {_next(ends, deadline, ends[-1])}")


def _next(months: list[Month], after: Month, default: Month) -> Month:
    return next((month for month in months if month > after), default)


CHECKS = (work, goodput, speeds)
DATE_CHECKS = (windows,)
