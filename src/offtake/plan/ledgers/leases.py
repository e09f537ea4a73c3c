"""The lease screen: which deals an accountant should look at as possible leases (ASC 842, IFRS 16), and why.

A lease conveys the right to control the use of an identified asset: substantially all of its capacity, and the right
to direct what it is used for. An instance says too little to conclude anything; it says enough to ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...instance.schema import Instance, Offer
from ..tables import Row

if TYPE_CHECKING:
    from ...compile import Compiled

CAVEAT = "A lease flag asks an accountant to look at the contract; it is no accounting conclusion."
SUBSTANTIALLY_ALL = 0.9
"""share of the blocks on offer; practice reads `substantially all` as 90 % or more"""
SHORT_TERM_MONTHS = 12
"""terms up to this long may be left off the balance sheet"""


def leases(compiled: Compiled, deals: list[Row]) -> list[Row]:
    """A flag for each row of the table of deals, with its reasons."""
    rows = []
    for number, deal in enumerate(deals):
        offer = compiled.instance.offers[deal["offer"]]
        identified, asset = _asset(compiled.instance, offer)
        most = deal["blocks"] >= SUBSTANTIALLY_ALL * offer.blocks.max
        reasons = [
            asset,
            f"{'substantially all' if most else 'a part'} of what is on offer ({deal['blocks']} of {offer.blocks.max} "
            f"block{'' if offer.blocks.max == 1 else 's'})",
            "the buyer directs what runs on it",
        ]
        if deal["months"] <= SHORT_TERM_MONTHS:
            reasons.append(f"{deal['months']} months: an exemption for short terms may apply")
        rows.append(
            {
                "deal": number,
                "offer": deal["offer"],
                "start": deal["start"],
                "flag": identified and most,
                "reasons": "; ".join(reasons),
            }
        )
    return rows


def _asset(instance: Instance, offer: Offer) -> tuple[bool, str]:
    """Whether an asset is identified, and in what words."""
    if instance.providers[offer.provider].kind == "cluster":
        return True, f"an identified asset: a whole cluster, at {offer.region}"
    if offer.mw is not None or offer.power_mw is not None:
        return True, f"an identified asset: megawatts stated at one site, {offer.region}"
    return False, f"no identified asset: any such accelerators of {offer.provider} in {offer.region} will do"
