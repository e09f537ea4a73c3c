"""Training runs of a plan: where and how large they run, what they do, and what lateness costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..instance.pools import pools
from ..instance.workloads import runs
from ..throughput.training import MEASURED_ACCELERATORS
from ..throughput.training_rates import beyond_measured
from . import reinforcement
from .decisions import Flows

if TYPE_CHECKING:
    from offtake_models.problem import Pair, Problem

    from ..compile import Compiled
    from ..instance.schema import Instance

SECONDS_PER_HOUR = 3600.0


def table(compiled: Compiled, flows: Flows) -> list[dict[str, Any]]:
    """Months in which a run works, with the accelerators of its pool, the useful work of the month, and the share of
    all its work that is done when the month ends."""
    problem, rows = compiled.problem, []
    for key, workload in problem.workloads.items():
        if workload.run is None:
            continue
        rate, place = flops_per_s(flows, key), _places(flows, key)
        done = 0.0
        for month, t in enumerate(problem.period_of):
            flop = float(rate[t] * problem.month_hours[month] * SECONDS_PER_HOUR)
            done += flop
            if t in place:
                pool, accelerators = place[t]
                rows.append(
                    {
                        "month": str(compiled.instance.horizon.start + month),
                        "workload": key,
                        "pool": pool,
                        "accelerators": accelerators,
                        "flop": flop,
                        "done_share": min(done / workload.run.flop, 1.0),
                    }
                )
    return sorted(rows, key=lambda row: row["month"])


def _places(flows: Flows, workload: str) -> dict[int, tuple[str, float]]:
    """Period -> (pool, accelerators)."""
    return {
        t: (pool, float(amounts[t, 0]))
        for (pool, who), amounts in flows.serve.items()
        if who == workload
        for t in np.flatnonzero(amounts[:, 0]).tolist()
    }


def flops_per_s(flows: Flows, workload: str) -> np.ndarray:
    """[period] useful FLOP/s of a training run, no more than its rollouts allow."""
    found = np.zeros(len(flows.problem.hours))
    for pair, use in flows.mean_use.items():
        if pair[1] == workload:
            found += output(flows.problem, pair, use)
    return reinforcement.learnt(flows, workload, found)


def output(problem: Problem, pair: Pair, use: np.ndarray) -> np.ndarray:
    """Requests/s that so many accelerators at work serve, [period]; of a training run useful FLOP/s."""
    run = problem.workloads[pair[1]].run
    lines = [] if run is None else [line[pair[0]] for line in run.useful]
    useful = np.min([slope * use + start * (use > 0) for slope, start in lines], axis=0) if lines else use
    return useful * problem.rate[pair][0]


def taken(problem: Problem, workload: str, most: np.ndarray) -> np.ndarray:
    """Accelerators that a workload takes of so many that it could use: a training run none of too few."""
    run = problem.workloads[workload].run
    return most if run is None else np.where(most >= run.least_accelerators, most, 0.0)


def about(compiled: Compiled, flows: Flows, offer: str) -> str:
    """Which runs an offer carries, when, and how large they are."""
    mine = {pool.id for pool in pools(compiled.instance) if pool.supply == offer}
    said = []
    for key in runs(compiled.instance):
        here = {t: held for t, (pool, held) in _places(flows, key).items() if pool in mine}
        if here:
            months = [m for m, t in enumerate(flows.problem.period_of) if t in here]
            first, last = (compiled.instance.horizon.start + m for m in (months[0], months[-1]))
            when = f"in {first}" if first == last else f"between {first} and {last}"
            said.append(f"It trains {key} {when}, on at most {max(here.values()):,.0f} accelerators.")
    return " ".join(said)


def lateness_usd(flows: Flows) -> float:
    """Discounted penalties of runs that are late."""
    return sum((float(flows.problem.workloads[key].run.late_usd[t]) for key, t in flows.late), 0.0)


def conventions(instance: Instance) -> dict[str, str]:
    """What training runs rest on; nothing if there are none."""
    if not runs(instance):
        return {}
    stated = [f"{key} {run.mfu:.0%}" for key, run in runs(instance).items() if run.mfu is not None]
    own = f" ({', '.join(stated)})" if stated else ""
    return {
        "training": "A training run takes 6 FLOP per active parameter and token, and those of attention. It reaches "
        f"the share of the dense bf16 peak that it states{own}, else what language models of MLPerf Training 5.0 and "
        "5.1 reached by accelerator, active parameters and number of accelerators, on straight lines between sizes at "
        "most four times apart; less what goodput takes. It holds one pool at a time, the same accelerators all day "
        "long, and may move to another between two dispatch periods at no cost. A dispatch period that begins after "
        "its deadline with work left is late as a whole." + _extrapolated(instance)
    }


def _extrapolated(instance: Instance) -> str:
    """A sentence on runs that may be larger than what was measured; empty if none may."""
    larger = beyond_measured(instance)
    most = f"{MEASURED_ACCELERATORS:,} accelerators of the largest run measured"
    return f" Beyond the {most} the speed of {', '.join(larger)} is an extrapolation." if larger else ""
