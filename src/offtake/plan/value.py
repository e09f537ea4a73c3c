"""What the requests that a plan serves are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .decisions import Flows

if TYPE_CHECKING:
    from ..compile import Compiled

SECONDS_PER_HOUR = 3600.0


def by_workload(compiled: Compiled, flows: Flows) -> dict[str, float]:
    """Discounted USD that each workload with a value brings."""
    seconds = compiled.problem.hours * SECONDS_PER_HOUR
    return {
        key: float((served(flows, key) * seconds) @ workload.value_usd[0])
        for key, workload in compiled.problem.workloads.items()
        if workload.value_usd is not None
    }


def served(flows: Flows, workload: str) -> np.ndarray:
    """[period] mean requests/s served: of batch work what is done in the period."""
    if flows.problem.workloads[workload].kind == "batch":
        return sum(flows.served_by(workload).values(), np.zeros(len(flows.problem.hours)))
    return flows.demand[workload] - flows.refused[workload]
