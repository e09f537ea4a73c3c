"""The lease screen: which deals an accountant should look at as possible leases (ASC 842, IFRS 16), and why.

A lease conveys the right to control the use of an identified asset: substantially all of its capacity, and the right
to direct what it is used for. An instance says too little to conclude anything; it says enough to ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...instance.pools import supplies
from ...instance.schema import Instance, Offer, Supply
from ..tables import Row

if TYPE_CHECKING:
    from ...compile import Compiled

CAVEAT = "A lease flag asks an accountant to look at the contract; it is no accounting conclusion."
SUBSTANTIALLY_ALL = 0.9
"""share of the blocks on offer; practice reads `substantially all` as 90 % or more"""
SHORT_TERM_MONTHS = 12
"""terms up to this long may be left off the balance sheet"""


SERVING = ("", "renewal", "expansion")
"""rights of rows that are contracts for capacity; an option or a break is none"""


def leases(compiled: Compiled, deals: list[Row]) -> list[Row]:
    """A flag for each row of the table of deals that is for capacity, with its reasons."""
    rows = []
    for number, deal in enumerate(deals):
        if deal["right"] not in SERVING:
            continue
        supply = supplies(compiled.instance)[deal["offer"]]
        identified, asset = _asset(compiled.instance, supply)
        offered = supply.blocks.max if isinstance(supply, Offer) else supply.blocks
        most = deal["blocks"] >= SUBSTANTIALLY_ALL * offered
        reasons = [
            asset,
            f"{'substantially all' if most else 'a part'} of what is on offer ({deal['blocks']} of {offered} "
            f"block{'' if offered == 1 else 's'})",
            "the buyer directs what runs on it",
            *_term_words(supply, deal),
        ]
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


def _term_words(supply: Supply, deal: Row) -> list[str]:
    """What the length of the term says, and of the rights to go on."""
    said = []
    if deal["months"] <= SHORT_TERM_MONTHS:
        said.append(f"{_months(deal['months'])}: an exemption for short terms may apply")
    if deal["right"] == "renewal":
        said.append("a renewal: it counts toward the term of what it renews")
    elif deal["right"] == "" and supply.renewal is not None:
        said.append(f"it may be renewed by {_months(supply.renewal.months)}: that counts if it is reasonably certain")
    return said


def _months(number: int) -> str:
    return f"{number} month{'' if number == 1 else 's'}"


def _asset(instance: Instance, supply: Supply) -> tuple[bool, str]:
    """Whether an asset is identified, and in what words."""
    if instance.providers[supply.provider].kind == "cluster":
        return True, f"an identified asset: a whole cluster, at {supply.region}"
    if supply.mw is not None or supply.power_mw is not None:
        return True, f"an identified asset: megawatts stated at one site, {supply.region}"
    return False, f"no identified asset: any such accelerators of {supply.provider} in {supply.region} will do"
