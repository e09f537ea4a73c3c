"""Workloads that several models serve: one part for each model, a workload of its own.

`chat` with `model: {large: 0.7, small: 0.3}` becomes `chat.large` with 70 % of its requests and `chat.small` with 30 %,
alike in everything else. The shares are exact: they are the buyer's choice of what is useful enough, not the plan's.
Once an instance is read there are only parts, so that nothing else needs to know of shares.
"""

from __future__ import annotations

from typing import Any

from .schema import Demand, Instance, Policy, Scenario, Served, Training, Uncertainty

Parts = dict[str, list[str]]
"""workload as written -> the workloads that it becomes"""


def models_of(workload: Served | Training) -> dict[str, float]:
    """Model -> its share of the requests."""
    return workload.model if isinstance(workload.model, dict) else {workload.model: 1.0}


def part_id(workload_id: str, model: str) -> str:
    """What the part of a workload that one of its models serves is called."""
    return f"{workload_id}.{model}"


def parts_of(instance: Instance) -> Parts:
    """The parts of every workload with several models, in the order of the file."""
    shared = {key: w.model for key, w in instance.workloads.items() if isinstance(w.model, dict)}
    return {key: [part_id(key, model) for model in models] for key, models in shared.items()}


def split(instance: Instance) -> Instance:
    """The instance with parts in the place of the workloads that several models serve."""
    parts = parts_of(instance)
    if not parts:
        return instance
    workloads: dict[str, Any] = {}
    for key, workload in instance.workloads.items():
        if key not in parts:
            workloads[key] = workload
            continue
        for model, share in workload.model.items():
            update = {"model": model, "demand": _scaled(workload.demand, share)}
            workloads[part_id(key, model)] = workload.model_copy(update=update)
    uncertainty = instance.uncertainty and _told_of_parts(instance.uncertainty, parts)
    policy = _kept_in_parts(instance.policy, parts)
    return instance.model_copy(update={"workloads": workloads, "uncertainty": uncertainty, "policy": policy})


def _scaled(demand: Demand, share: float) -> Demand:
    return demand.model_copy(update={"requests_per_s": _times(demand.requests_per_s, share)})


def _times(rate: Any, share: float) -> Any:
    """A rate, a table of them, or hours of the day, all of them times the share."""
    if isinstance(rate, dict):
        return {month: _times(each, share) for month, each in rate.items()}
    return [share * each for each in rate] if isinstance(rate, list) else share * rate


def _kept_in_parts(policy: Policy, parts: Parts) -> Policy:
    """Resilience that names a workload names its parts."""
    if policy.resilience is None:
        return policy
    named = dict.fromkeys(part for key in policy.resilience.workloads for part in parts.get(key, [key]))
    return policy.model_copy(update={"resilience": policy.resilience.model_copy(update={"workloads": list(named)})})


def _told_of_parts(uncertainty: Uncertainty, parts: Parts) -> Uncertainty:
    """What a scenario says of a workload it says of each part, unless it says something of the part itself."""
    scenarios = {name: _of_parts(scenario, parts) for name, scenario in uncertainty.scenarios.items()}
    return uncertainty.model_copy(update={"scenarios": scenarios})


def _of_parts(scenario: Scenario, parts: Parts) -> Scenario:
    demand: dict[str, Any] = {}
    for key, effect in scenario.demand.items():
        demand |= {part: scenario.demand.get(part, effect) for part in parts.get(key, [key])}
    return scenario.model_copy(update={"demand": demand})
