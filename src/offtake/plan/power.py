"""Power of a plan: what is in service, and what no longer fits under a cap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..instance.pools import supplies
from . import economics, tables
from .decisions import Flows

if TYPE_CHECKING:
    from collections.abc import Collection

    from offtake_models.problem import PowerLimit

    from ..compile import Compiled
    from ..instance.schema import Instance

CAP_TOLERANCE = 1e-6
"""relative: what solvers promise of a row"""


def in_service_mw(compiled: Compiled, flows: Flows, offers: Collection[str] | None = None) -> np.ndarray:
    """[month of the horizon] MW of deals and contracts in force, after their ramps; of some offers, or of all."""
    total = np.zeros(len(compiled.problem.period_of))
    for deal, blocks in zip(compiled.problem.deals, flows.blocks, strict=True):
        if blocks and (offers is None or deal.offer in offers):
            total += blocks * deal.power_mw[0]
    return np.where(total > CAP_TOLERANCE * total.max(initial=0.0), total, 0.0)


def by_provider(compiled: Compiled, flows: Flows) -> dict[str, np.ndarray]:
    """Provider -> [month of the horizon] MW in service of its deals and contracts in force."""
    sold: dict[str, list[str]] = {}
    for key, supply in supplies(compiled.instance).items():
        sold.setdefault(supply.provider, []).append(key)
    return {provider: in_service_mw(compiled, flows, keys) for provider, keys in sold.items()}


def figures(compiled: Compiled, flows: Flows) -> dict[str, Any]:
    """Key figures."""
    power = in_service_mw(compiled, flows)
    largest = int(power.argmax())
    return {
        "power_mw_peak": float(power[largest]),
        "power_mw_peak_month": tables.month_name(compiled, largest) if power[largest] else None,
    }


def conventions(instance: Instance) -> dict[str, str]:
    """What the figures rest on, in words, where the instance has to do with it."""
    said = {}
    if any(supply.power_price is not None for supply in supplies(instance).values()):
        said["energy"] = (
            "Energy that is paid for apart from the fees is billed for all that is delivered, at work or idle, in the "
            "month in which it is drawn. It is owed only as it is drawn: it is cash, but no obligation."
        )
    return said


def over_caps(compiled: Compiled, flows: Flows, key: str) -> list[str]:
    """Caps that every deal of an offer would break beside the plan, in sentences."""
    said = []
    for limit in compiled.problem.power_limits:
        ways = [compiled.problem.deals[d] for d in economics.signable(compiled, key) if key in limit.offers]
        held = in_service_mw(compiled, flows, limit.offers)
        peaks = [float((held + deal.min_blocks * deal.power_mw[0]).max()) for deal in ways]
        if peaks and min(peaks) > limit.mw * (1 + CAP_TOLERANCE):
            said.append(f"Beside this plan it would take power to {min(peaks):,.4g} MW; {_cap_words(limit)}.")
    return said


def _cap_words(limit: PowerLimit) -> str:
    where = "all sites together" if limit.site is None else limit.site
    return f"{where} may draw {limit.mw:,.4g} MW"
