"""One contract in decimal: when it is paid, what of it stays owed, and what the objective is charged for it.

The fixed fees are paid on dates that share them out, or month by month (in arrears: a month later) after a prepayment
at signing, which pays a share of each, the first or the last of them. What a contract in force paid at its signing is
history. Blocks that the buyer breaks off are a contract of their own, which ends early: see `endings`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from offtake.instance.months import Month
from offtake.instance.pools import block_accelerators, block_power_mw
from offtake.instance.scenarios import delay, price_factor
from offtake.instance.schema import Instance, Payment, SignedContract, Supply, Term

from . import tariffs
from .calendar import Calendar
from .endings import OWED_LINES, Bill, Due, Ending, fate, gives_notice, kept, leaves, remainder, settled
from .forward import usd_per_hour
from .numbers import ONE, ZERO, exact
from .service import Service


@dataclass(frozen=True)
class Contract(Service):
    """Blocks of a supply under a term, in the future at hand: payments, obligations and charge."""

    # --- payments

    @cached_property
    def bills(self) -> list[Bill]:
        """All fixed payments as agreed, if the contract runs its term."""
        return [bill for bill in [*self._bills_once(), *self._bills_of_service()] if bill.usd]

    def _bills_once(self) -> Iterator[Bill]:
        term, total = self.term, sum(self.fixed.values(), ZERO)
        for payment in term.payments:
            date = self._date(payment)
            yield Bill(date, "payments", exact(payment.share) * total, date)
        yield Bill(self.signing, "prepayments", self.prepayment)
        yield Bill(self.signing, "deposits", self.deposit)
        yield Bill(self.agreed[-1] + 1, "deposits", -self.deposit, self.agreed[-1] + 1)
        if self.whole:
            yield Bill(self.signing, "signing_fees", exact(term.signing_fee_usd))
            yield Bill(self.signing, "credits", -exact(term.signing_credit_usd))

    def _bills_of_service(self) -> Iterator[Bill]:
        credit, guaranteed = self._credited_share(), self._guarantee_usd()
        for month in self.agreed:
            billed = month + 1 if self.term.billing == "arrears" else month
            if not self.term.payments:
                yield Bill(billed, "fees", self.left_to_pay(month), month)
            yield Bill(month, "letters_of_credit", guaranteed, month)
            yield Bill(month, "power", self.energy_usd(month), month)
            yield Bill(billed, "sla_credits", -credit * self.fixed[month], month)

    @cached_property
    def prepayment(self) -> Decimal:
        """Share of all fixed fees that is due at signing, for all blocks."""
        return exact(self.term.prepay) * sum(self.fixed.values(), ZERO)

    def left_to_pay(self, month: Month) -> Decimal:
        """The fee of a month of service less what the prepayment pays of it."""
        fee = self.fixed[month]
        if self.term.drawdown == "pro_rata":
            return (1 - exact(self.term.prepay)) * fee
        first = self.term.drawdown == "first"
        others = [other for other in self.agreed if (other < month if first else other > month)]
        left = max(self.prepayment - sum((self.fixed[other] for other in others), ZERO), ZERO)
        return fee - min(fee, left)

    @property
    def deposit(self) -> Decimal:
        """Of all blocks, at signing; it comes back in the month after the term."""
        return self.blocks * exact(self.term.deposit_usd)

    def _date(self, payment: Payment) -> Month | None:
        """When a dated share of the fees is due: never before the signing; None at that of a contract in force."""
        if payment.at == "signing":
            return self.signing
        if payment.at == "start":
            return self.start
        if payment.after_months is not None:
            return self.start + payment.after_months
        return payment.month if self.signing is None else max(payment.month, self.signing)

    def _guarantee_usd(self) -> Decimal:
        """What the bank bills a month for the letter of credit of all blocks."""
        letter = self.term.letter_of_credit
        return ZERO if letter is None else self.blocks * exact(letter.usd) * exact(letter.fee_per_year) / 12

    def _credited_share(self) -> Decimal:
        """Share of each fixed fee that comes back because less works than promised."""
        promise = self.term.sla
        if promise is None:
            return ZERO
        points = 100 * max(exact(promise.availability) - exact(self.supply.availability), ZERO)
        return min(exact(promise.cap_fraction), exact(promise.credit_fraction) * points)

    @cached_property
    def due(self) -> list[Due]:
        """All fixed cash at its real date, also before the horizon; less what a contract in force did at signing."""
        return self.due_with(self.ending)

    def due_with(self, ending: Ending | None) -> list[Due]:
        """The same if the contract ended so."""
        left = [Due(bill.month, bill.line, bill.usd) for bill in kept(self.bills, ending) if bill.month is not None]
        return [entry for entry in [*left, *self.closing(ending)] if entry.usd]

    def closing(self, ending: Ending | None) -> list[Due]:
        """What is paid because it ends."""
        if ending is None:
            return []
        gone = remainder(self.bills, ending)
        return settled(ending, self.term.cancel, gone, self.unused(ending), self.deposit)

    def unused(self, ending: Ending) -> Decimal:
        """What was paid of the fixed fees, by the buyer's own dates, and is not used up when the contract ends."""
        after = sum((fee for month, fee in self.fixed.items() if month >= ending.month), ZERO)
        return max(after - remainder(self.bills, ending), ZERO)

    @property
    def fixed_cash(self) -> Decimal:
        """All fixed cash, undiscounted."""
        return sum((entry.usd for entry in self.due), ZERO)

    # --- obligations

    def owed_after(self, date: Month) -> list[Due]:
        """What cannot be cancelled and is still to be paid after a month: nothing before the signing.

        A buyer who may give notice owes what is cheaper: to stay, or to leave as soon as the clause lets it.
        """
        if self.signing is not None and date < self.signing:
            return []
        known = (part.known_after(date) for part in self.parts)
        return [entry for part in known for entry in part.to_pay(part.leaving(date) or part.ending, date)]

    @cached_property
    def parts(self) -> list[Contract]:
        """What a buyer who leaves does not pay any more, and what it pays nevertheless: what the first tiers cost."""
        if not (self.ladder and self.blocks and gives_notice(self.term.cancel, "buyer")):
            return [self]
        return [replace(self, ladder=ZERO), replace(self, blocks=ZERO, broken=None)]

    def known_after(self, date: Month) -> Contract:
        """The contract as it stands after a month: it runs on until notice is given."""
        known = self._unbroken if self.broken is not None and date < self.broken.notice else self
        return known if known.fate is None or date >= known.fate.notice else known._agreed

    @cached_property
    def _unbroken(self) -> Contract:
        return replace(self, broken=None)

    @cached_property
    def _agreed(self) -> Contract:
        """Before its seller fails or gives notice."""
        return replace(self, fate=None)

    def leaving(self, date: Month) -> Ending | None:
        """How a buyer who has not given notice yet leaves after a month, if that is cheaper than to stay."""
        if not self.blocks or not gives_notice(self.term.cancel, "buyer") or self.broken is not None:
            return None
        ending = leaves(self.term.cancel, max(date + 1, self.start + self.term.cancel.after_months))
        if ending.month >= self.end:
            return None
        stay, leave = (_usd(self.to_pay(way, date)) for way in (self.ending, ending))
        return ending if leave < stay else None

    def to_pay(self, ending: Ending | None, date: Month) -> list[Due]:
        """Payments after a month that the buyer owes, if the contract ends so; what comes back is not owed."""
        due = self.due if ending == self.ending else self.due_with(ending)
        return [entry for entry in due if entry.month > date and entry.line in OWED_LINES and entry.usd > 0]

    def owed(self, since: Month) -> dict[Month, Decimal]:
        """Fixed fees still due after the end of each month, from signing (or a later month) until nothing is."""
        first = since if self.signing is None else max(since, self.signing)
        last = max([first, self.end - 1, *(entry.month for entry in self.due if entry.line in OWED_LINES)])
        return {month: _usd(self.owed_after(month)) for month in (first + k for k in range(last - first + 1))}

    # --- what the objective pays

    def charge(self, calendar: Calendar, without: str = "") -> Decimal:
        """What the objective pays for it, nothing if it is in force: that is sunk. `without` leaves out a line."""
        return ZERO if self.signing is None else self.value(calendar, without) - self.tail(calendar)

    def value(self, calendar: Calendar, without: str = "") -> Decimal:
        """Present value of its cash from the horizon on, or its share inside the horizon, by the terminal rule."""
        ahead = [entry for entry in self.due if entry.month >= calendar.start and entry.line != without]
        paid = sum((calendar.discount(entry.month) * entry.usd for entry in ahead), ZERO)
        if calendar.instance.finance.terminal != "pro_rata":
            return paid
        left = [month for month in self.months if month >= calendar.start]
        weights = {month: calendar.discount(month) * self.contracted(month) for month in left}
        inside = sum((weight for month, weight in weights.items() if month <= calendar.months[-1]), ZERO)
        whole = sum(weights.values(), ZERO)
        return paid * inside / whole if whole else paid

    def tail(self, calendar: Calendar) -> Decimal:
        """Present value of what its capacity is worth after the horizon, where the terminal rule asks the market."""
        finance, instance = calendar.instance.finance, calendar.instance
        if finance.terminal != "market":
            return ZERO
        worth = sum(
            (
                calendar.discount(month) * month.hours * delivered * usd_per_hour(instance, name, month)
                for name in self.counts
                for month in self.months
                if month > calendar.months[-1] and (delivered := self.delivered(name, month))
            ),
            ZERO,
        )
        return exact(finance.salvage_fraction or 0) * worth


def _usd(entries: list[Due]) -> Decimal:
    return sum((entry.usd for entry in entries), ZERO)


def contract_in_force(instance: Instance, key: str, signed: SignedContract) -> Contract:
    return agreement(instance, key, signed, signed.term, signed.start, None, Decimal(signed.blocks))


def signed_deal(instance: Instance, offer: str, term: int, start: Month, blocks: Decimal) -> Contract:
    supply = instance.offers[offer]
    signing = start - supply.start.lead_months
    return agreement(instance, offer, supply, supply.terms[term], start, signing, blocks)


def agreement(
    instance: Instance, key: str, supply: Supply, term: Term, start: Month, signing: Month | None, blocks: Decimal
) -> Contract:
    """A contract at the price of its term, in the future at hand."""
    counts = {name: exact(count) for name, count in block_accelerators(instance, supply).items()}
    factor = ONE if signing is None else exact(price_factor(instance, supply.provider, key, signing))
    tariff = tariffs.of_term(instance, term, counts, start, signing, factor)
    begins = start + delay(instance, supply.provider, key, start)
    ends = fate(instance, supply.provider, key, term.cancel, begins)
    power, tiers = exact(block_power_mw(instance, supply)), _tiers(term, blocks)
    return Contract(key, supply, term, tariff, start, begins, signing, blocks, *tiers, counts, power, fate=ends)


def _tiers(term: Term, blocks: Decimal) -> tuple[Decimal, Decimal]:
    """Factor on the price of each block, and blocks' worth of it on top: what the tiers before cost more."""
    if term.tiers is None:
        return ONE, ZERO
    reached = [step for step in term.tiers.steps if step.from_blocks <= blocks]
    if not reached:
        return ZERO, ZERO
    factor = exact(reached[-1].factor)
    if term.tiers.kind == "all_units":
        return factor, ZERO
    ends = [Decimal(step.from_blocks - 1) for step in reached[1:]] + [blocks]
    priced = (exact(step.factor) * (end - step.from_blocks + 1) for step, end in zip(reached, ends, strict=True))
    return factor, sum(priced, ZERO) - blocks * factor
