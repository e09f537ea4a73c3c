"""Columns to deals of the mathematics: delivery by period, cash by month, and the charge by the terminal rule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from offtake_models.problem import Deal

from ..deals import Column, finance, salvage
from ..instance.schema import Instance
from .calendar import Calendar
from .carbon import tonnes_at


def deal_of(instance: Instance, calendar: Calendar, ways: list[Column], d: int, charged: float) -> Deal:
    """One column of the mathematics: delivery by period, cash by month, and its charge by the terminal rule."""
    column = ways[d]
    pool_of = {name: f"{column.offer}/{name}" for name in column.accelerators}
    delivered = {
        pool_of[name]: calendar.total(v[: calendar.months] * calendar.month_hours)[None]
        for name, v in column.usable.items()
    }
    tonnes = tonnes_at(instance, column.offer, column.energy_mwh[: calendar.months])
    priced = 0.0 if column.in_force else instance.policy.carbon_usd_per_tonne or 0.0
    usd, tail = _charge(instance, calendar, ways, d, charged)
    return Deal(
        offer=column.offer,
        start=column.start - calendar.first,
        in_service=_in_service(calendar, column)[None],
        signing=-1 if column.signing is None else column.signing - calendar.first,
        min_blocks=max(column.min_blocks, 1),
        max_blocks=column.max_blocks,
        delivery={pool_of[name]: _held(calendar, column, name)[None] for name in column.usable},
        delivered_hours=delivered,
        cash=column.cash[None],
        cash_once=column.cash_once[None],
        spent=column.spent[None],
        spent_once=column.spent_once[None],
        obligation=column.owed[None],
        obligation_once=column.owed_once[None],
        npv_usd=np.array([usd - tail]),
        npv_once_usd=np.array([charged * column.cash_once @ calendar.discount]),
        take_or_pay=_paid_share(calendar, column)[None],
        beyond_usd_per_hour=_beyond_prices(calendar, column),
        power_mw=column.drawn_mw[: calendar.months][None],
        carbon_tonnes=tonnes[None],
        carbon_usd=np.array([priced * tonnes @ calendar.discount[: calendar.months]]),
        tail_usd=np.array([tail]),
        open=np.array([column.open]),
        in_force=column.in_force,
        right=column.right,
        parent=column.parent,
        per_parent=column.per_parent,
        months=column.months,
    )


def _in_service(calendar: Calendar, column: Column) -> np.ndarray:
    """[ledger month]"""
    months = int(calendar.first) + np.arange(calendar.ledger)
    return (column.begins <= months) & (months < column.ends)


def _held(calendar: Calendar, column: Column, name: str) -> np.ndarray:
    """[period] accelerators of a block that are there throughout; of a break: what is left, less what was there."""
    usable = column.usable[name]
    if column.broken is None:
        return calendar.least(usable)
    left = column.broken.usable[name]
    return calendar.least(left) - calendar.least(left - usable)


def _charge(instance: Instance, calendar: Calendar, ways: list[Column], d: int, charged: float) -> tuple[float, float]:
    """What one block costs the objective, and the worth of its tail in it; of a break: the difference that it makes,
    also to a contract in force, which is sunk only as long as it is kept."""
    column = ways[d]
    if column.broken is None:
        return charged * column.cash @ calendar.discount, _tail(instance, calendar, column)
    before, after = replace(ways[column.parent], signing=calendar.first), replace(column.broken, signing=calendar.first)
    paid = [charged_share(instance, calendar, each) * each.cash @ calendar.discount for each in (before, after)]
    worth = [_tail(instance, calendar, each) for each in (before, after)]
    return paid[1] - paid[0], worth[1] - worth[0]


def _tail(instance: Instance, calendar: Calendar, column: Column) -> float:
    """Present value of the capacity left after the horizon at the forward curve, with `terminal: market`."""
    if instance.finance.terminal != "market" or column.in_force:
        return 0.0
    return salvage.worth_usd(instance, column.usable, calendar.discount)


def charged_share(instance: Instance, calendar: Calendar, column: Column) -> float:
    """The part of a deal's cash that the objective charges: `finance.terminal`; nothing of a contract in force."""
    if column.in_force:
        return 0.0
    if instance.finance.terminal != "pro_rata":
        return 1.0
    return finance.inside_share(column.contracted, calendar.discount, calendar.months)


def _paid_share(calendar: Calendar, column: Column) -> np.ndarray:
    """Share of a period's deliveries that the fixed fees cover, [period]; 1 where nothing is delivered."""
    hours = column.contracted[: calendar.months] * calendar.month_hours
    delivered = calendar.total(hours)
    left_open = calendar.total(column.open_share[: calendar.months] * hours)
    return 1 - np.divide(left_open, delivered, out=np.zeros_like(delivered), where=delivered != 0)


def _beyond_prices(calendar: Calendar, column: Column) -> dict[str, np.ndarray]:
    """USD per usable accelerator-hour beyond the share that is paid: full use costs the gross fee exactly."""
    left_open = column.open_share[: calendar.months]
    if not left_open.any():
        return {}
    hours = sum(calendar.total(left_open * v[: calendar.months] * calendar.month_hours) for v in column.usable.values())
    price = np.divide(calendar.total(column.beyond), hours, out=np.zeros_like(hours), where=hours != 0)
    return {f"{column.offer}/{name}": price[None] for name in column.usable}
