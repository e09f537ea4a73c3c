"""Scenarios: the tree of futures, and each future as an instance of its own.

A future is the same instance with one scenario of probability 1, whose effects all state the month from which they
hold. An instance without `uncertainty` is its own only future. Everything that reads an instance of one future applies
the effects of its scenario; nothing else needs to know of scenarios.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .months import Month
from .prices import price_in
from .schema import Instance, Scenario, Uncertainty

DATED = ("lose", "recall")
"""effects that are a month; the others are values, from some month on"""
EFFECTS = ("demand", "price", "forward", "delay_months", *DATED)


@dataclass(frozen=True)
class Future:
    """One scenario, as a problem of its own."""

    name: str
    """of the scenario; empty if the instance has none"""
    probability: float
    instance: Instance


def futures(instance: Instance) -> list[Future]:
    """The futures of an instance, in the order of the file."""
    if instance.uncertainty is None:
        return [Future("", 1.0, instance)]
    scenarios = instance.uncertainty.scenarios
    if len(scenarios) == 1:
        return [Future(name, scenario.probability, instance) for name, scenario in scenarios.items()]
    classes = partitions(instance)
    return [Future(name, scenario.probability, _alone(instance, classes, name)) for name, scenario in scenarios.items()]


def partitions(instance: Instance) -> list[list[list[str]]]:
    """[month of the horizon] which scenarios nothing tells apart yet, in the order of the file.

    Scenarios that differ and that `reveal` never tells apart part in the first period after its last month.
    """
    if instance.uncertainty is None:
        return [[[""]] for _ in range(instance.horizon.months)]
    stated, names = instance.uncertainty.reveal, list(instance.uncertainty.scenarios)
    unnamed = unparted(instance)
    found, groups = [], [names]
    for m in range(instance.horizon.months):
        month = instance.horizon.start + m
        if month in stated:
            groups = _refined(groups, stated[month])
        if unnamed and month == last_parting(instance):
            groups = [part for group in groups for part in _by_effects(instance.uncertainty, group)]
        found.append(groups)
    return found


def node_of(instance: Instance) -> list[list[int]]:
    """[scenario][month of the horizon] the node that it passes through: the position of the first scenario of its
    group, so that the node of all together is 0."""
    order = {name: s for s, name in enumerate(names(instance))}
    by_month = [{name: order[group[0]] for group in groups for name in group} for groups in partitions(instance)]
    return [[nodes[name] for nodes in by_month] for name in order]


def names(instance: Instance) -> list[str]:
    """Scenarios in the order of the file; one without a name if there are none."""
    return [""] if instance.uncertainty is None else list(instance.uncertainty.scenarios)


def unparted(instance: Instance) -> list[list[str]]:
    """Groups of scenarios that differ and that no month of `reveal` tells apart."""
    uncertainty = instance.uncertainty
    groups = [list(uncertainty.scenarios)]
    for month in sorted(uncertainty.reveal):
        groups = _refined(groups, uncertainty.reveal[month])
    return [group for group in groups if len(_by_effects(uncertainty, group)) > 1]


def last_parting(instance: Instance) -> Month | None:
    """The first month of the period after the last month of `reveal` (the second period, if it has none); None if the
    horizon has no such period."""
    last = max(instance.uncertainty.reveal, default=instance.horizon.start)
    return next((month for month in period_starts(instance) if month > last), None)


def period_starts(instance: Instance) -> list[Month]:
    """First months of the dispatch periods."""
    lengths = [step.months for step in instance.horizon.steps or [] for _ in range(step.count)]
    starts, month = [], instance.horizon.start
    for length in lengths or [1] * instance.horizon.months:
        starts.append(month)
        month = month + length
    return starts


def _refined(groups: list[list[str]], told_apart: list[list[str]]) -> list[list[str]]:
    """Each group cut into the parts that are named, and the rest of it."""
    found = []
    for group in groups:
        named = [[name for name in group if name in part] for part in told_apart]
        rest = [name for name in group if all(name not in part for part in told_apart)]
        found += sorted((part for part in [*named, rest] if part), key=lambda part: group.index(part[0]))
    return found


def _by_effects(uncertainty: Uncertainty, group: list[str]) -> list[list[str]]:
    """The group cut into scenarios with the same effects."""
    known = {name: effects(uncertainty.scenarios[name]) for name in group}
    parts: list[list[str]] = []
    for name in group:
        part = next((part for part in parts if known[part[0]] == known[name]), None)
        parts.append([name]) if part is None else part.append(name)
    return parts


def effects(scenario: Scenario) -> list[tuple[str, str, Any]]:
    """(kind, what it is about, value) of everything that the scenario changes, sorted."""
    return sorted(
        ((kind, key, value) for kind in EFFECTS for key, value in getattr(scenario, kind).items()),
        key=lambda effect: effect[:2],
    )


def known_from(instance: Instance, classes: list[list[list[str]]], name: str, kind: str, key: str) -> Month | None:
    """The first month in which nobody can take the scenario for one without this effect; None if there is none.

    `classes`: the partitions of the instance.
    """
    scenarios = instance.uncertainty.scenarios
    value = getattr(scenarios[name], kind)[key]
    for m, groups in enumerate(classes):
        group = next(group for group in groups if name in group)
        if all(getattr(scenarios[other], kind).get(key) == value for other in group):
            return instance.horizon.start + m
    return None


def _alone(instance: Instance, classes: list[list[list[str]]], name: str) -> Instance:
    """The instance with this scenario only, all of its effects dated."""
    scenario = instance.uncertainty.scenarios[name]
    dated = {kind: dict(_dated(instance, classes, name, kind)) for kind in EFFECTS if kind not in DATED}
    alone = scenario.model_copy(update={"probability": 1.0, **dated})
    policy = instance.policy.model_copy(update={"risk": None})  # which weighs futures, and this is one
    return instance.model_copy(update={"uncertainty": Uncertainty(scenarios={name: alone}), "policy": policy})


def _dated(instance: Instance, classes: list[list[list[str]]], name: str, kind: str) -> Iterator[tuple[str, Any]]:
    for key, value in getattr(instance.uncertainty.scenarios[name], kind).items():
        if isinstance(value, dict):
            yield key, value
        elif (month := known_from(instance, classes, name, kind, key)) is not None:
            yield key, {month: value}


def _scenario(instance: Instance) -> Scenario | None:
    """The scenario of an instance of one future."""
    return None if instance.uncertainty is None else next(iter(instance.uncertainty.scenarios.values()))


def _value(instance: Instance, kind: str, keys: list[str], month: Month) -> Iterator[Any]:
    """Values of an effect that hold in a month, of the keys that it names."""
    scenario = _scenario(instance)
    table = {} if scenario is None else getattr(scenario, kind)
    for key in keys:
        if key in table and (value := price_in(table[key], month)) is not None:
            yield value


def demand_factor(instance: Instance, workload: str, month: Month) -> float:
    """Factor on the demand of a workload in a month, in an instance of one future."""
    return next(_value(instance, "demand", [workload], month), 1.0)


def price_factor(instance: Instance, provider: str, offer: str, month: Month) -> float:
    """Factor on the prices of an offer in a month: that of its provider times its own."""
    factor = 1.0
    for value in _value(instance, "price", list(dict.fromkeys([provider, offer])), month):
        factor *= value
    return factor


def forward_factor(instance: Instance, accelerator: str, month: Month) -> float:
    """Factor on the forward curve of an accelerator in a month."""
    return next(_value(instance, "forward", [accelerator], month), 1.0)


def delay(instance: Instance, provider: str, supply: str, start: Month) -> int:
    """Months by which what was to begin in `start` is late: the longer of its provider's and its own."""
    return max(_value(instance, "delay_months", [provider, supply], start), default=0)


def lost(instance: Instance, provider: str, supply: str) -> Month | None:
    """The first month without delivery and fees because the seller fails; None if it does not."""
    return _month(instance, "lose", [provider, supply])


def recalled(instance: Instance, supply: str) -> Month | None:
    """The month in which the seller gives notice; None if it does not."""
    return _month(instance, "recall", [supply])


def _month(instance: Instance, kind: str, keys: list[str]) -> Month | None:
    scenario = _scenario(instance)
    table = {} if scenario is None else getattr(scenario, kind)
    return min((table[key] for key in keys if key in table), default=None)
