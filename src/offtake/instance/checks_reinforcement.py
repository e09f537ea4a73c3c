"""Rules on reinforcement learning: ids of its parts, and speeds that are those of one part."""

from __future__ import annotations

from collections.abc import Iterator

from .parts import parts_of
from .schema import Reinforcement
from .sentences import Finding
from .structure import Draft

Findings = Iterator[Finding]
_LONGEST_ID = 80


def _learners(draft: Draft) -> dict[str, list[str]]:
    """Reinforcement learning -> the ids of its rollouts and its updates."""
    parts = parts_of(draft.instance)
    return {key: parts[key] for key, each in draft.instance.workloads.items() if isinstance(each, Reinforcement)}


def part_ids(draft: Draft) -> Findings:
    """Parts whose ids are free."""
    for key, parts in _learners(draft).items():
        for part in parts:
            if part in draft.written("workloads"):
                help = f"a part of {key} has that id: rename one"
                yield Finding("E028", ("workloads", part), f"{part} is used twice", help, "", "key")
            if len(part) > _LONGEST_ID:
                help = f"a part of {key} is called so: shorten the id of the workload"
                message = f"{part} is longer than {_LONGEST_ID} characters"
                yield Finding("E029", ("workloads", key), message, help, "", "key")


def speeds(draft: Draft) -> Findings:
    """A given rate is that of rollouts; how much there is to learn is the same in every scenario."""
    learners = _learners(draft)
    for i, rate in enumerate(draft.instance.throughput.rates):
        for key, (rollouts, updates) in learners.items():
            if rate.workload in (key, updates):
                message = f"{rate.workload} has no rate of requests: its rollouts have one"
                help = f"name {rollouts}; the speed of the updates is mfu"
                yield Finding("E021", ("throughput", "rates", i, "workload"), message, help, "")
    uncertainty = draft.instance.uncertainty
    names = [name for key, parts in learners.items() for name in (key, *parts)]
    for scenario, stated in uncertainty.scenarios.items() if uncertainty is not None else ():
        for name in stated.demand:
            if name in names:
                at = ("uncertainty", "scenarios", scenario, "demand", name)
                message = f"{name} is reinforcement learning: its work is the same in every scenario"
                yield Finding("E021", at, message, "demand is about workloads that bring requests", "", "key")


def kept(draft: Draft) -> Findings:
    """Resilience is about requests that somebody waits for."""
    rule = draft.instance.policy.resilience
    parts = [part for both in _learners(draft).values() for part in both]
    for i, name in enumerate([] if rule is None else rule.workloads):
        if name in parts:
            help = "it may wait; name interactive workloads"
            yield Finding("E021", ("policy", "resilience", "workloads", i), f"{name} is not interactive", help, "")


CHECKS = (part_ids, speeds, kept)
DATE_CHECKS = ()
