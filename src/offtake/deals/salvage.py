"""What capacity is worth after the horizon."""

from __future__ import annotations

import numpy as np

from ..instance.forward import forward_usd_per_hour
from ..instance.schema import Instance


def worth_usd(instance: Instance, usable: dict[str, np.ndarray], discount: np.ndarray) -> float:
    """Present value of what is left after the horizon at the forward curve, times `finance.salvage_fraction`.

    `usable`: accelerator -> [ledger month] accelerators; `discount`: [ledger month]. Raises KeyError for an accelerator
    that is left and has no curve.
    """
    later = [(m, instance.horizon.start + m) for m in range(instance.horizon.months, len(discount))]
    worth = sum(
        float(discount[m] * held[m] * month.hours) * forward_usd_per_hour(instance, name, month)
        for name, held in usable.items()
        for m, month in later
        if held[m]
    )
    return instance.finance.salvage_fraction * worth


def can_value(instance: Instance, usable: dict[str, np.ndarray]) -> bool:
    """Whether the instance states what that needs: a salvage fraction, and a curve for all that is left."""
    left = [name for name, held in usable.items() if held[instance.horizon.months :].any()]
    return instance.finance.salvage_fraction is not None and all(name in instance.forward for name in left)
