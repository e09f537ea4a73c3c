"""What follows a contract: renewals, options on more of the same, expansions under them, and blocks broken off.

A *deed* is what a row of the table of deals comes to: a contract, an option, or a break. A break of b blocks turns b
blocks of its parent that run on into b blocks that end early; its cash, its charge and what it takes away are the
difference. Payments that a deal makes once, whatever its number of blocks, stay with the parent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from offtake.instance.months import Month
from offtake.instance.scenarios import delay
from offtake.instance.schema import FollowOnPrice, Instance, Supply, Term

from . import tariffs
from .calendar import Calendar
from .contracts import Contract
from .endings import Due, fate, gives_notice, leaves
from .numbers import ONE, ZERO, exact
from .tariffs import Tariff

RIGHTS = ("renewal", "option", "expansion", "break")


@dataclass(frozen=True)
class Option:
    """Blocks of an option on more of the same, bought when the contract is signed."""

    parent: Contract
    blocks: Decimal
    right = "option"

    @property
    def supply_id(self) -> str:
        return self.parent.supply_id

    @property
    def supply(self) -> Supply:
        return self.parent.supply

    @property
    def signing(self) -> Month | None:
        return self.parent.signing

    @property
    def written(self) -> Month | None:
        return self.signing

    @property
    def length(self) -> int:
        return 0

    @property
    def accelerators(self) -> dict[str, Decimal]:
        return {}

    @property
    def power_mw(self) -> Decimal:
        return ZERO

    @property
    def due(self) -> list[Due]:
        premium = self.blocks * exact(self.parent.supply.expansion.premium_usd)
        return [Due(self.signing, "premiums", premium)] if premium else []

    def charge(self, calendar: Calendar, without: str = "") -> Decimal:
        paid = (entry for entry in self.due if entry.line != without)
        return sum((calendar.discount(entry.month) * entry.usd for entry in paid), ZERO)

    def tail(self, calendar: Calendar) -> Decimal:
        return ZERO


@dataclass(frozen=True)
class Break:
    """Blocks of a contract that the buyer ends early."""

    staying: Contract
    """these blocks, if they run on"""
    leaving: Contract
    """these blocks, as they end"""
    right = "break"

    @property
    def supply_id(self) -> str:
        return self.leaving.supply_id

    @property
    def supply(self) -> Supply:
        return self.leaving.supply

    @property
    def signing(self) -> Month:
        """When notice is given."""
        return self.leaving.broken.notice

    @property
    def written(self) -> Month:
        """The first month without service."""
        return self.leaving.broken.month

    @property
    def length(self) -> int:
        """Months that are cut off, as the term is written."""
        return self.leaving.written_end - self.written

    @property
    def blocks(self) -> Decimal:
        return self.leaving.blocks

    @property
    def accelerators(self) -> dict[str, Decimal]:
        """What is taken away."""
        return {name: -count for name, count in self.leaving.accelerators.items()}

    @property
    def power_mw(self) -> Decimal:
        return -self.leaving.power_mw

    @cached_property
    def due(self) -> list[Due]:
        """Payments more than if these blocks run on; negative: less."""
        change: dict[tuple[Month, str], Decimal] = {}
        for sign, contract in ((1, self.leaving), (-1, self.staying)):
            for month, line, usd in contract.due:
                change[month, line] = change.get((month, line), ZERO) + sign * usd
        return [Due(month, line, usd) for (month, line), usd in change.items() if usd]

    def charge(self, calendar: Calendar, without: str = "") -> Decimal:
        """Also of a contract in force, which is sunk only as long as it is kept."""
        value = self.leaving.value(calendar, without) - self.staying.value(calendar, without)
        return value - self.tail(calendar)

    def tail(self, calendar: Calendar) -> Decimal:
        return self.leaving.tail(calendar) - self.staying.tail(calendar)


Deed = Contract | Option | Break


# --- what may be done when: on the months as they are written


def renewed_at(parent: Contract) -> Month:
    """The month in which the seller must know."""
    return parent.written_end - parent.supply.renewal.notice_months


def calls(parent: Contract) -> range:
    """Months in which an option on more than this contract may be called."""
    window = parent.supply.expansion.exercise
    first, last = parent.written + window.after_months, parent.written + window.until_months
    return range(first, last + 1, window.every_months)


def notices(parent: Contract) -> range:
    """Months in which the buyer may give notice, so that it ends before its term."""
    clause = parent.term.cancel
    if not gives_notice(clause, "buyer"):
        return range(0)
    return range(parent.written + clause.after_months, parent.written_end - clause.notice_months, clause.every_months)


def optioned(parent: Contract) -> Decimal:
    """The most blocks that an option with this contract is on."""
    return exact(parent.supply.expansion.blocks_per_block) * parent.blocks // 1


# --- what comes of it, in the future at hand


def renewal(parent: Contract, blocks: Decimal) -> Contract:
    """It begins where the parent ends, at its full capacity, and all of it is billed: nobody may break it off."""
    right = parent.supply.renewal
    term = Term.model_construct(months=right.months, billing=parent.term.billing)
    begins = parent.agreed[-1] + 1
    return replace(
        _plain(parent, term, right, blocks),
        written=parent.written_end,
        start=begins,
        signing=renewed_at(parent),
        level=parent.share(parent.agreed[-1]),
        right="renewal",
    )


def expansion(parent: Contract, blocks: Decimal, call: Month) -> Contract:
    """More of the same, with a ramp of its own; all of it is billed, in advance."""
    right = parent.supply.expansion
    term = Term.model_construct(months=right.months)
    written = call + right.lead_months
    plain = _plain(parent, term, right, blocks)
    return replace(plain, written=written, start=written, signing=call, right="expansion")


def in_future(instance: Instance, contract: Contract) -> Contract:
    """A follow-on as the scenario has it: late, unless it goes on where another ended, and ended by its seller."""
    provider, key = contract.supply.provider, contract.supply_id
    late = 0 if contract.right == "renewal" else delay(instance, provider, key, contract.written)
    start = contract.start + late
    return replace(contract, start=start, fate=fate(instance, provider, key, contract.term.cancel, start))


def break_off(parent: Contract, blocks: Decimal, notice: Month) -> Break:
    """Some blocks end early."""
    staying = replace(parent, blocks=blocks, ladder=ZERO, whole=False)
    return Break(staying, replace(staying, broken=leaves(parent.term.cancel, notice)))


def _plain(parent: Contract, term: Term, right: FollowOnPrice, blocks: Decimal) -> Contract:
    """Blocks of the same supply under a term without anything beside its price."""
    tariff = tariffs.stated(right) if right.factor is None else _last_price(parent, exact(right.factor))
    alone = {"broken": None, "whole": True, "level": None, "step": ONE, "ladder": ZERO}
    return replace(parent, term=term, tariff=tariff, blocks=blocks, **alone)


def _last_price(parent: Contract, factor: Decimal) -> Tariff:
    """A share of what a unit of the parent costs in the last month of its term, level from then on."""
    return Tariff(parent.tariff.unit, factor * parent.unit_usd(parent.agreed[-1]) * parent.step)
