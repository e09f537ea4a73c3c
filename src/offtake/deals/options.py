"""Rights that are exercised later: each exercise in each month is a deal of its own that follows another.

A renewal goes on where its contract ends. An expansion is called under an option that is bought with the contract. A
break takes away what the contract would still deliver and cost, and adds its fee.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..instance.months import Month
from ..instance.schema import FollowOnPrice, Instance, Supply, Term
from . import tiers
from .agreement import Agreement, column_of, shares_of
from .column import Column
from .truncation import Ending, truncated

PLAIN = {
    "usd_per_month": None,
    "usd_per_accelerator_hour": None,
    "usd_per_mw_month": None,
    "forward_factor": None,
    "fee_factor": [],
    "tiers": None,
    "take_or_pay": 1.0,
    "minimum_usd_per_month": 0.0,
    "prepay": 0.0,
    "drawdown": "pro_rata",
    "payments": [],
    "escalator_per_year": 0.0,
    "signing_fee_usd": 0.0,
    "signing_credit_usd": 0.0,
    "deposit_usd": 0.0,
    "letter_of_credit": None,
    "sla": None,
    "cancel": None,
}
"""a term without anything beside its price"""


def add_follow_ons(found: list[Column], agreement: Agreement, position: int) -> None:
    """Append what may follow the contract at a position of the list."""
    found.extend(_breaks(agreement, found[position], position))
    _add_renewals(found, agreement, position)
    _add_expansions(found, agreement, position)


def notices(instance: Instance, term: Term, start: Month, signing: Month | None) -> list[Month]:
    """Months of the horizon in which the buyer may give notice."""
    cancel = term.cancel
    if cancel is None or cancel.by == "seller":
        return []
    last = min(_last_month(instance), start + (term.months - cancel.notice_months - 1))
    return _every(instance, start + cancel.after_months, last, cancel.every_months, signing)


def renewal_starts(instance: Instance, supply: Supply, term: Term, start: Month, signing: Month | None) -> list[Month]:
    """First months of the renewals, one after the other, that are decided and begin in the horizon."""
    right, found = supply.renewal, []
    if right is None:
        return found
    begin, earliest = start + term.months, _earliest(instance, signing)
    while len(found) < right.times and begin <= _last_month(instance) and begin - right.notice_months >= earliest:
        found.append(begin)
        earliest, begin = begin - right.notice_months, begin + right.months
    return found


def calls(instance: Instance, supply: Supply, start: Month, signing: Month | None) -> list[Month]:
    """Months of the horizon in which an option may be called and bring service in it."""
    right = supply.expansion
    if right is None:
        return []
    last = min(_last_month(instance) - right.lead_months, start + right.exercise.until_months)
    return _every(instance, start + right.exercise.after_months, last, right.exercise.every_months, signing)


def _every(instance: Instance, start: Month, last: Month, step: int, signing: Month | None) -> list[Month]:
    earliest = _earliest(instance, signing)
    return [Month(month) for month in range(start, last + 1, step) if month >= earliest]


def _earliest(instance: Instance, signing: Month | None) -> Month:
    return instance.horizon.start if signing is None else signing


def _last_month(instance: Instance) -> Month:
    return instance.horizon.start + (instance.horizon.months - 1)


def _breaks(agreement: Agreement, column: Column, position: int) -> Iterator[Column]:
    months = notices(agreement.instance, agreement.term, agreement.start, agreement.signing)
    return (_break(agreement, column, notice, position) for notice in months)


def _break(agreement: Agreement, column: Column, notice: Month, position: int) -> Column:
    """What the contract, as this future has it, loses if notice is given in a month: its fee is on what was agreed."""
    cancel, first = agreement.term.cancel, agreement.first
    ending = Ending(notice + cancel.notice_months, cancel.fee_fraction)
    broken = _left(column, ending, first) if ending.month < column.ends else column
    allowed = column.begins + cancel.after_months <= notice and ending.month < column.ends
    zeros = np.zeros_like(column.contracted)
    lines = list(dict.fromkeys([*column.cash_lines, *broken.cash_lines]))
    after_notice = np.arange(len(zeros)) >= notice - first
    return replace(
        column,
        start=ending.month,
        signing=notice,
        months=column.start + column.months - ending.month,
        begins=broken.ends,
        ends=column.ends,
        min_blocks=1,
        usable={name: broken.usable[name] - column.usable[name] for name in column.usable},
        **{name: getattr(broken, name) - getattr(column, name) for name in ("drawn_mw", "energy_mwh", "contracted")},
        fixed=broken.fixed - column.fixed,
        fixed_once=zeros,
        open_share=column.open_share - broken.open_share,
        beyond=broken.beyond - column.beyond,
        cash_lines={line: broken.cash_lines.get(line, zeros) - column.cash_lines.get(line, zeros) for line in lines},
        once_lines={},
        refunds=zeros,
        refunds_once=zeros,
        written_off=zeros,
        owed=np.where(after_notice, broken.owed - column.owed, 0.0),
        owed_once=zeros,
        cancel=None,
        open=allowed,
        right="break",
        parent=position,
        per_parent=1.0,
        broken=broken,
    )


def _left(column: Column, ending: Ending, first: Month) -> Column:
    """The contract as it was agreed, with notice; what is due once stays as this future has it."""
    once = ("once_lines", "fixed_once", "owed_once", "refunds_once")
    return replace(truncated(column.agreed, ending, first), **{name: getattr(column, name) for name in once})


def _add_renewals(found: list[Column], agreement: Agreement, position: int) -> None:
    """One term after the other; each follows the one before."""
    known = agreement.instance, agreement.supply, agreement.term, agreement.start, agreement.signing
    for start in renewal_starts(*known):
        whole = found[position].ends == agreement.begins + agreement.term.months
        agreement = _renewal(agreement, start)
        column = column_of(agreement)
        found.append(replace(column, right="renewal", parent=position, open=column.open and whole))
        position = len(found) - 1


def _renewal(parent: Agreement, start: Month) -> Agreement:
    right = parent.supply.renewal
    return replace(
        parent,
        term=parent.term.model_copy(update={**PLAIN, "months": right.months, **_price(parent, right)}),
        rung=tiers.Rung(1.0, 1, parent.rung.max_blocks),
        start=start,
        signing=start - right.notice_months,
        shares=np.full(right.months, parent.shares[-1]),
        agreed=True,
        late=parent.begins - parent.start,
    )


def _price(parent: Agreement, right: FollowOnPrice) -> dict[str, object]:
    """The price key of what follows: its own, or a factor on the parent's price in its last month."""
    if right.factor is not None:
        last = float(parent.unit_prices()[-1]) * parent.rung.factor
        return {parent.price_key: right.factor * last}
    return {
        "usd_per_month": right.usd_per_month,
        "usd_per_accelerator_hour": right.usd_per_accelerator_hour,
        "usd_per_mw_month": right.usd_per_mw_month,
    }


def _add_expansions(found: list[Column], agreement: Agreement, position: int) -> None:
    """The option, and one column for each month in which it may be called."""
    months = calls(agreement.instance, agreement.supply, agreement.start, agreement.signing)
    option = _option(agreement, found[position], position) if months else None
    if option is None or not option.max_blocks:
        return
    found.append(option)
    number = len(found) - 1
    called = (column_of(_expansion(agreement, option, month)) for month in months)
    found.extend(replace(column, right="expansion", parent=number) for column in called)


def _option(parent: Agreement, column: Column, position: int) -> Column:
    """The option on more of the same, bought at the signing; owned with a contract in force."""
    right, zeros = parent.supply.expansion, np.zeros_like(column.contracted)
    lines = {"premiums": parent.dates.at(right.premium_usd, parent.signing)}
    nothing = (
        "drawn_mw",
        "energy_mwh",
        "contracted",
        "fixed",
        "fixed_once",
        "open_share",
        "beyond",
        "owed",
        "owed_once",
        "refunds",
        "refunds_once",
        "written_off",
    )
    return replace(
        column,
        start=parent.start if parent.signing is None else parent.signing,
        months=0,
        ends=column.begins,
        accelerators=dict.fromkeys(column.accelerators, 0.0),
        power_mw=0.0,
        min_blocks=1,
        # 1.5 blocks for each of 2 are 3: a ratio is written in decimals
        max_blocks=int(right.blocks_per_block * column.max_blocks + 1e-9),
        usable=dict.fromkeys(column.usable, zeros),
        **dict.fromkeys(nothing, zeros),
        cash_lines=lines,
        once_lines={},
        cancel=None,
        right="option",
        parent=position,
        per_parent=right.blocks_per_block,
    )


def _expansion(parent: Agreement, option: Column, call: Month) -> Agreement:
    right = parent.supply.expansion
    return replace(
        parent,
        term=parent.term.model_copy(
            update={**PLAIN, "billing": "advance", "months": right.months, **_price(parent, right)}
        ),
        rung=tiers.Rung(1.0, 1, option.max_blocks),
        start=call + right.lead_months,
        signing=call,
        shares=shares_of(parent.supply, right.months),
        agreed=True,
    )
