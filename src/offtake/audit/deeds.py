"""The table of deals, read: what each of its rows comes to in the future at hand. What cannot be priced is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from offtake.instance.months import Month
from offtake.instance.schema import Instance

from .calendar import Calendar
from .claim import ClaimedDeal
from .contracts import Contract, contract_in_force, signed_deal
from .endings import gives_notice
from .follow_ons import Deed, Option, break_off, expansion, in_future, renewal


@dataclass(frozen=True)
class Register:
    """Deals by their position in the plan's table, and contracts in force by id."""

    instance: Instance
    calendar: Calendar
    claimed: Mapping[int, ClaimedDeal]

    @cached_property
    def in_force(self) -> dict[str, Contract]:
        return {key: contract_in_force(self.instance, key, signed) for key, signed in self.instance.signed.items()}

    @cached_property
    def deeds(self) -> dict[int, Deed]:
        """Roots first, then what follows a deed that is known."""
        found: dict[int, Deed] = {
            position: signed_deal(self.instance, deal.offer, deal.term, deal.start, deal.blocks)
            for position, deal in self.claimed.items()
            if not deal.right and self.offered(deal)
        }
        while True:
            new = {
                position: deed
                for position, deal in self.claimed.items()
                if position not in found and (deed := self._following(deal, found)) is not None
            }
            if not new:
                return dict(sorted(found.items()))
            found.update(new)

    def offered(self, deal: ClaimedDeal) -> bool:
        """Whether a deal of its own is a term of an offer that starts within the horizon: the rest has no price."""
        offer = self.instance.offers.get(deal.offer)
        return offer is not None and 0 <= deal.term < len(offer.terms) and deal.node == 0 and self.inside(deal.start)

    def inside(self, month: Month) -> bool:
        return self.calendar.start <= month <= self.calendar.months[-1]

    def followed(self, deal: ClaimedDeal) -> Deed | None:
        """What a deal says that it follows."""
        if isinstance(deal.follows, str):
            return self.in_force.get(deal.follows)
        return self.deeds.get(deal.follows)

    def _following(self, deal: ClaimedDeal, found: Mapping[int, Deed]) -> Deed | None:
        if deal.node != 0 or deal.follows is None:
            return None
        parent = self.in_force.get(deal.follows) if isinstance(deal.follows, str) else found.get(deal.follows)
        if parent is None or not may_follow(deal.right, parent):
            return None
        if deal.right in ("expansion", "break") and not self.inside(deal.signing):
            return None
        deed = _deed(deal, parent)
        if not isinstance(deed, Contract):
            return deed
        return in_future(self.instance, deed) if self.inside(deed.written) else None


def may_follow(right: str, parent: Deed) -> bool:
    """Whether a right follows such a deed, and the contract gives it."""
    contract = parent.parent if isinstance(parent, Option) else parent
    if not isinstance(contract, Contract):
        return False
    if right == "expansion":
        owned = isinstance(parent, Option) or contract.signing is None
        return owned and contract.supply.expansion is not None
    if isinstance(parent, Option) or contract.right == "expansion":
        return False
    if right == "break":
        return gives_notice(contract.term.cancel, "buyer")
    if right == "renewal":
        return contract.supply.renewal is not None
    sold = contract.supply.expansion is not None and contract.signing is not None
    return right == "option" and sold and not contract.right


def _deed(deal: ClaimedDeal, parent: Deed) -> Deed:
    if deal.right == "option":
        return Option(parent, deal.blocks)
    if deal.right == "break":
        return break_off(parent, deal.blocks, deal.signing)
    if deal.right == "renewal":
        return renewal(parent, deal.blocks)
    return expansion(parent.parent if isinstance(parent, Option) else parent, deal.blocks, deal.signing)
