"""Ledgers of a plan, as finance asks for them. Undiscounted dollars; months are written `YYYY-MM`.

Obligations are non-cancellable fixed payments still to come. Effective cost puts a payment into the months whose
service it pays for; billed cost leaves it where it is paid (FOCUS: EffectiveCost, BilledCost). Rows of zeros are left
out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..decisions import Flows
from ..tables import Row
from .amortised import effective, savings
from .exposure import balance, concentration, exposure
from .holdings import holdings
from .leases import CAVEAT, leases
from .owed import lock_in, months_at_peak, obligations_by_year, ratio_to_debt, termination
from .promised import promised

if TYPE_CHECKING:
    from ...compile import Compiled


__all__ = ["CAVEAT", "figures", "ledgers"]


def ledgers(compiled: Compiled, flows: Flows, deals: list[Row]) -> dict[str, list[Row]]:
    """Tables in the columns of `document.LEDGERS`. `deals` is the plan's table of deals."""
    held = holdings(compiled, flows)
    owing = [*held, *promised(compiled, flows)]
    return {
        "obligations_by_year": obligations_by_year(compiled, owing),
        "lock_in": lock_in(compiled, owing),
        "termination": termination(compiled, owing),
        "effective": effective(compiled, flows, held),
        "exposure": exposure(compiled, owing),
        "balance": balance(compiled, flows),
        "leases": leases(compiled, deals),
    }


def figures(compiled: Compiled, flows: Flows) -> dict[str, float | None]:
    """Key figures that rest on the ledgers."""
    held = holdings(compiled, flows)
    owing = [*held, *promised(compiled, flows)]
    return {
        "lock_in_months": months_at_peak(compiled, owing),
        "obligations_to_debt": ratio_to_debt(compiled, owing),
        **savings(compiled, flows, held),
        **concentration(compiled, flows, held),
    }
