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


def truncated(column: Column, ending: Ending, first: Month) -> Column:
    """The contract without what it would deliver, bill and owe from that month on. The ledger begins in `first`."""
    cut = max(ending.month - first, 0)
    lines = _kept(column.cash_lines, cut, column.billing_lag)
    later = float((due_lines(column.cash_lines) - due_lines(lines)).sum())
    unused = max(float(column.fixed[cut:].sum()) - later, 0.0)
    deposit = -float(column.cash_lines["deposits"].min()) if "deposits" in column.cash_lines else 0.0
    lines |= _last(column, cut, {"break_fees": ending.fee_fraction * later})
    if ending.refund:
        lines["prepayments"] = lines.get("prepayments", 0.0) + _at(column, cut, -unused)
    if deposit and ending.deposit_back:
        lines["deposits"] = lines["deposits"] + _at(column, cut, -deposit)
    once = _kept(column.once_lines, cut, column.billing_lag) if ending.once else column.once_lines
    return replace(
        column,
        ends=max(min(column.ends, ending.month), column.begins),
        usable={name: _until(usable, cut) for name, usable in column.usable.items()},
        **{name: _until(getattr(column, name), cut) for name in _BY_SERVICE},
        fixed_once=_until(column.fixed_once, cut) if ending.once else column.fixed_once,
        cash_lines=lines,
        once_lines=once,
        owed=owed(lines, column.signing, first),
        owed_once=owed(once, column.signing, first),
        written_off=_at(column, cut, (0.0 if ending.refund else unused) + (0.0 if ending.deposit_back else deposit)),
    )


_BY_SERVICE = ("drawn_mw", "energy_mwh", "contracted", "fixed", "open_share", "beyond")
"""vectors that end with the service"""


def owed(lines: Lines, signing: Month | None, first: Month) -> np.ndarray:
    """[ledger month] USD still to be paid after it of some lines; 0 until signed."""
    return finance.outstanding(due_lines(lines), -1 if signing is None else signing - first)


def due_lines(lines: Lines) -> np.ndarray:
    """[ledger month] USD of the lines that cannot be cancelled; what comes back from the seller is not owed."""
    owing = (np.maximum(usd, 0.0) for line, usd in lines.items() if line in OWED_LINES)
    return sum(owing, np.zeros_like(next(iter(lines.values()))))


def owed_with_notice(column: Column, agreed: Column, first: Month) -> np.ndarray:
    """[ledger month] what is still to be paid after it if the buyer gives notice as soon as it may, or stays if that
    is cheaper; 0 until signed. `agreed`: the contract if it ran its term, of which the fee is a share."""
    cancel = column.cancel
    after = np.arange(len(column.contracted)) + 1
    notice = np.maximum(after, column.begins - first + cancel.after_months)
    end = notice + cancel.notice_months
    owing = {line: np.maximum(usd, 0.0) for line, usd in agreed.cash_lines.items() if line in OWED_LINES}
    paid = {line: np.concatenate([[0.0], usd.cumsum()]) for line, usd in owing.items()}
    leaving = np.zeros(len(after))
    for line, total in paid.items():
        lag = column.billing_lag if line in BILLED_LATE else 0
        last = np.full_like(end, len(after)) if line == "prepayments" else np.minimum(end + lag, len(after))
        before = total[np.maximum(last, after)] - total[after]
        leaving += before + cancel.fee_fraction * (total[-1] - total[last])
    open_to_leave = (column.owed > 0) & (end < column.ends - first)
    return np.where(open_to_leave, np.minimum(column.owed, leaving), column.owed)


def _kept(lines: Lines, cut: int, lag: int) -> Lines:
    """Payments for service before the cut; what was due before it by date."""
    return {
        line: _until(usd, cut + (lag if line in BILLED_LATE else 0)) if line != "prepayments" else usd
        for line, usd in lines.items()
    }


def _until(values: np.ndarray, cut: int) -> np.ndarray:
    kept = values.copy()
    kept[cut:] = 0.0
    return kept


def _at(column: Column, m: int, usd: float) -> np.ndarray:
    placed = np.zeros_like(column.contracted)
    if m < len(placed):
        placed[m] = usd
    return placed


def _last(column: Column, cut: int, lines: dict[str, float]) -> Lines:
    """Payments that fall due as the contract ends."""
    return {line: _at(column, cut, usd) for line, usd in lines.items() if usd}
