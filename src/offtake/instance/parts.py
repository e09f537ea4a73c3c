"""Workloads in parts, each a workload of its own: one for each model that serves it, or those of `reinforcement`.

`chat` with `model: {large: 0.7, small: 0.3}` becomes `chat.large` with 70 % of its requests and `chat.small` with 30 %,
alike in everything else. The shares are the buyer's choice of what is useful enough, not the plan's, and exact in what
is asked for: each part is served or left unserved by itself, so that what is served may have other shares.
Once an instance is read there are only parts, so that nothing else needs to know of shares. A stored instance has the
parts of a model mix, and reinforcement learning as it was written.
"""

from __future__ import annotations

from typing import Any

from . import reinforcement
from .reinforcement import Rollouts, Updates
from .schema import Demand, Instance, Learning, Policy, Reinforcement, Scenario, Served, Uncertainty

Parts = dict[str, list[str]]
"""workload as written -> the workloads that it becomes"""


def models_of(workload: Served | Learning) -> dict[str, float]:
    """Model -> its share of the requests."""
    return workload.model if isinstance(workload.model, dict) else {workload.model: 1.0}


def part_id(workload_id: str, model: str) -> str:
    """What the part of a workload that one of its models serves is called."""
    return f"{workload_id}.{model}"


def parts_of(instance: Instance) -> Parts:
    """The parts of every workload that has some, in the order of the file."""
    found: Parts = {}
    for key, workload in instance.workloads.items():
        if isinstance(workload, Reinforcement):
            found[key] = list(reinforcement.part_ids(key))
        elif isinstance(workload.model, dict):
            found[key] = [part_id(key, model) for model in workload.model]
    return found


def mixes(instance: Instance) -> Parts:
    """Workload of several models -> its parts, of an instance that has them; told by their ids."""
    found: Parts = {}
    for key, workload in instance.workloads.items():
        whole = key.removesuffix(f".{workload.model}")
        if whole != key:
            found.setdefault(whole, []).append(key)
    return {whole: parts for whole, parts in found.items() if len(parts) > 1}


def split(instance: Instance) -> Instance:
    """The instance with parts in the place of the workloads that have some."""
    parts = parts_of(instance)
    if not parts:
        return instance
    workloads: dict[str, Any] = {}
    for key, workload in instance.workloads.items():
        if key not in parts:
            workloads[key] = workload
        elif isinstance(workload, Reinforcement):
            workloads |= reinforcement.parts(key, workload)
        else:
            workloads |= _by_model(key, workload)
    uncertainty = instance.uncertainty and _told_of_parts(instance.uncertainty, parts)
    policy = _kept_in_parts(instance.policy, parts)
    return instance.model_copy(update={"workloads": workloads, "uncertainty": uncertainty, "policy": policy})


def joined(instance: Instance) -> Instance:
    """The instance with reinforcement learning as it was written."""
    workloads: dict[str, Any] = {}
    for key, workload in instance.workloads.items():
        if isinstance(workload, Updates):
            workloads[workload.rollouts.rpartition(".")[0]] = workload.written
        elif not isinstance(workload, Rollouts):
            workloads[key] = workload
    return instance.model_copy(update={"workloads": workloads})


def _by_model(key: str, workload: Served) -> dict[str, Served]:
    """The part of each of its models."""
    updates = {
        model: {"model": model, "demand": _scaled(workload.demand, share)} for model, share in workload.model.items()
    }
    return {part_id(key, model): workload.model_copy(update=update) for model, update in updates.items()}


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
