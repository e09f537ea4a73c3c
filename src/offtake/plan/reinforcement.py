"""Rollouts of a plan: where they are generated, and how far what learns from them can get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..instance.pools import pools
from ..instance.workloads import rollouts
from .decisions import Flows

if TYPE_CHECKING:
    from ..compile import Compiled
    from ..instance.schema import Instance

SECONDS_PER_HOUR = 3600.0


def table(compiled: Compiled, flows: Flows) -> list[dict[str, Any]]:
    """Months in which rollouts are generated, with the accelerators of each pool at work for them on average, how many
    they generate, and their tokens, prompts included."""
    problem, rows = compiled.problem, []
    for key, stated in rollouts(compiled.instance).items():
        tokens = stated.request.input_tokens + stated.request.output_tokens
        for pool, rate in flows.served_by(key).items():
            for month, t in enumerate(problem.period_of):
                requests = float(rate[t] * problem.month_hours[month] * SECONDS_PER_HOUR)
                if requests:
                    rows.append(
                        {
                            "month": str(compiled.instance.horizon.start + month),
                            "workload": key,
                            "pool": pool,
                            "accelerators": float(flows.mean_use[pool, key][t]),
                            "rollouts": requests,
                            "tokens": requests * tokens,
                        }
                    )
    return sorted(rows, key=lambda row: row["month"])


def generated(flows: Flows, workload: str) -> np.ndarray:
    """[period] rollouts/s, on the mean."""
    return sum(flows.served_by(workload).values(), np.zeros(len(flows.problem.hours)))


def learnt(flows: Flows, workload: str, possible: np.ndarray) -> np.ndarray:
    """[period] useful FLOP/s of a training run, of those that its accelerators could do: a period learns only from its
    own rollouts."""
    for key, source in flows.problem.workloads.items():
        if source.rollouts is not None and source.rollouts.learner == workload:
            return np.minimum(possible, source.rollouts.flop * generated(flows, key))
    return possible


def about(compiled: Compiled, flows: Flows, offer: str) -> str:
    """Which rollouts an offer generates, and when."""
    mine = {pool.id for pool in pools(compiled.instance) if pool.supply == offer}
    said = []
    for key in rollouts(compiled.instance):
        rates = [rate for pool, rate in flows.served_by(key).items() if pool in mine]
        busy = sum(rates, np.zeros(len(flows.problem.hours))) > 0
        months = [month for month, t in enumerate(flows.problem.period_of) if busy[t]]
        if months:
            first, last = (compiled.instance.horizon.start + m for m in (months[0], months[-1]))
            said.append(f"It generates {key} " + (f"in {first}." if first == last else f"between {first} and {last}."))
    return " ".join(said)


def conventions(instance: Instance) -> dict[str, str]:
    """What reinforcement learning rests on; nothing if there is none."""
    if not rollouts(instance):
        return {}
    return {
        "reinforcement": "Rollouts are generated on any pool, in any block of the day, by no token service, and learnt "
        "from in the dispatch period in which they are generated. New weights come to those who generate at no cost "
        "and in no time. All tokens of a rollout are learnt from, its prompt included."
    }
