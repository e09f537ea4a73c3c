"""Contracts that end before their term: the seller fails, the seller gives notice, or the buyer does."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..instance.months import Month
from . import finance
from .column import Column
from .payments import OWED_LINES, Lines

BILLED_LATE = ("fees", "sla_credits")
"""lines that follow the month of service by the billing lag"""


@dataclass(frozen=True)
class Ending:
    """How a contract ends in a month."""

    month: Month
    """the first without service"""
    fee_fraction: float = 0.0
    """of the fixed fees that are not due any more, paid by the buyer when it ends; negative: by the seller"""
    refund: bool = False
    """what is prepaid and not used up comes back"""
    deposit_back: bool = True
    once: bool = False
    """payments that are due once end too"""
    known: Month | None = None
    """from when on nobody owes more; None: from the signing"""


def truncated(column: Column, ending: Ending, first: Month) -> Column:
    """The contract without what it would deliver, bill and owe from that month on. The ledger begins in `first`."""
    cut = max(ending.month - first, 0)
    signing = -1 if column.signing is None else column.signing - first
    deposit = -float(column.cash_lines["deposits"].min()) if "deposits" in column.cash_lines else 0.0
    lines, refunds, unused = _settled(column, column.cash_lines, column.fixed, ending, cut)
    once, refunds_once = column.once_lines, column.refunds_once
    if ending.once:
        once, refunds_once, _ = _settled(column, once, column.fixed_once, ending, cut)
    if deposit and ending.deposit_back:
        lines["deposits"] = lines["deposits"] + _at(column, cut, -deposit)
    ended = replace(
        column,
        ends=max(min(column.ends, ending.month), column.begins),
        usable={name: _until(usable, cut) for name, usable in column.usable.items()},
        **{name: _until(getattr(column, name), cut) for name in _BY_SERVICE},
        fixed_once=_until(column.fixed_once, cut) if ending.once else column.fixed_once,
        cash_lines=lines,
        once_lines=once,
        refunds=refunds,
        refunds_once=refunds_once,
        written_off=_at(column, cut, (0.0 if ending.refund else unused) + (0.0 if ending.deposit_back else deposit)),
    )
    return replace(
        ended,
        owed=finance.outstanding(ended.due, signing),
        owed_once=finance.outstanding(ended.due_once, signing),
    )


_BY_SERVICE = ("drawn_mw", "energy_mwh", "contracted", "fixed", "open_share", "beyond")
"""vectors that end with the service"""


def _settled(
    column: Column, lines: Lines, fixed: np.ndarray, ending: Ending, cut: int
) -> tuple[Lines, np.ndarray, float]:
    """Lines of cash that end, with what is paid for it; what of that the seller pays; and USD prepaid and not used."""
    kept = _kept(lines, cut, column.billing_lag)
    later = sum((float(lines[line].sum() - kept[line].sum()) for line in OWED_LINES if line in lines), 0.0)
    unused = max(float(fixed[cut:].sum()) - later, 0.0)
    fee = _at(column, cut, ending.fee_fraction * later)
    back = _at(column, cut, -unused if ending.refund else 0.0)
    if fee.any():
        kept["break_fees"] = fee
    if back.any():
        kept["prepayments"] = kept.get("prepayments", 0.0) + back
    return kept, back + (fee if ending.refund else 0.0), unused


def owed_with_notice(column: Column, agreed: Column, first: Month) -> np.ndarray:
    """[ledger month] what is still to be paid after it if the buyer gives notice as soon as it may, or stays if that
    is cheaper; 0 until signed. `agreed`: the contract if it ran its term, of which the fee is a share."""
    cancel = column.cancel
    after = np.arange(len(column.contracted)) + 1
    notice = np.maximum(after, column.begins - first + cancel.after_months)
    end = notice + cancel.notice_months
    paid = {
        line: np.concatenate([[0.0], usd.cumsum()]) for line, usd in agreed.cash_lines.items() if line in OWED_LINES
    }
    leaving = np.zeros(len(after))
    for line, total in paid.items():
        lag = column.billing_lag if line in BILLED_LATE else 0
        last = np.full_like(end, len(after)) if line == "prepayments" else np.minimum(end + lag, len(after))
        before = total[np.maximum(last, after)] - total[after]
        leaving += before + cancel.fee_fraction * (total[-1] - total[last])
    open_to_leave = (column.owed > 0) & (end < column.ends - first)
    return np.where(open_to_leave, np.minimum(column.owed, leaving), column.owed)


def _kept(lines: Lines, cut: int, lag: int) -> Lines:
    """Payments for service before the cut, what was due before it by date, and what was paid at the signing."""
    kept = {}
    for line, usd in lines.items():
        if line == "prepayments":
            kept[line] = usd
        elif line == "deposits":
            kept[line] = np.maximum(usd, 0.0)
        else:
            kept[line] = _until(usd, cut + (lag if line in BILLED_LATE else 0))
    return kept


def _until(values: np.ndarray, cut: int) -> np.ndarray:
    kept = values.copy()
    kept[cut:] = 0.0
    return kept


def _at(column: Column, m: int, usd: float) -> np.ndarray:
    placed = np.zeros_like(column.contracted)
    if m < len(placed):
        placed[m] = usd
    return placed
