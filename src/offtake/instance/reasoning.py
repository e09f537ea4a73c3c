"""Reasoning: how many more tokens an answer takes, which may change by month."""

from __future__ import annotations

from .months import Month
from .prices import price_in
from .schema import Instance, Request
from .workloads import served


def output_tokens(request: Request, month: Month) -> float:
    """Tokens of the mean answer in a month, reasoning included."""
    return request.output_tokens * price_in(request.reasoning_multiplier, month)


def stages(instance: Instance) -> list[Month]:
    """The months of the horizon in which some multiplier changes, after the first month itself."""
    first, last = instance.horizon.start, instance.horizon.start + (instance.horizon.months - 1)
    tables = [workload.request.reasoning_multiplier for workload in served(instance).values()]
    changes = {month for table in tables if isinstance(table, dict) for month in table if first < month <= last}
    return [first, *sorted(changes)]


def as_of(instance: Instance, month: Month) -> Instance:
    """The instance as if the multipliers of a month held for good."""
    workloads = dict(instance.workloads)
    for key, workload in served(instance).items():
        multiplier = price_in(workload.request.reasoning_multiplier, month)
        request = workload.request.model_copy(update={"reasoning_multiplier": multiplier})
        workloads[key] = workload.model_copy(update={"request": request})
    return instance.model_copy(update={"workloads": workloads})
