"""Pools: one accelerator type at one site under one offer, or one token API. p in P."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from .schema import Instance, Offer, SignedContract, Supply, Tranche


@dataclass(frozen=True)
class Pool:
    """Where workloads can be served from."""

    id: str
    """`offer/accelerator`, or `offer` for a token API"""
    supply: str
    """id of the offer or of the contract in force"""
    accelerator: str | None
    """None for a token API"""
    region: str
    provider: str


def block_accelerators(instance: Instance, supply: Supply) -> dict[str, float]:
    """Accelerators of each type in one block; megawatt blocks hold floor(MW x 1000 / all-in kW)."""
    if supply.mw is not None and supply.accelerator is not None:
        kw = instance.accelerators[supply.accelerator].all_in_kw
        # 135 MW of 0.54 kW are 250,000 and not one fewer: the written decimals are meant, not their binary neighbours
        return {supply.accelerator: float(Decimal(repr(supply.mw)) * 1000 // Decimal(repr(kw)))}
    return dict(supply.accelerators)


def block_power_mw(instance: Instance, supply: Supply) -> float:
    """Power of one block in MW: stated, else its megawatts, else accelerators x all-in kW."""
    if supply.power_mw is not None:
        return supply.power_mw
    if supply.mw is not None:
        return supply.mw
    held = block_accelerators(instance, supply)
    return sum(count * instance.accelerators[name].all_in_kw for name, count in held.items()) / 1000


def facility_kw(instance: Instance, supply: Supply) -> float:
    """What one block draws from the grid: its power, times pue where the power stated is that of its IT alone."""
    pue = 1.0 if supply.power_price is None else supply.power_price.pue
    return 1000 * block_power_mw(instance, supply) * pue


def delivered_shares(supply: Supply, months: int) -> list[float]:
    """Share of a block that is delivered in months 1, 2, ... of its service: the ramp, or the tranches that run."""
    if supply.tranches:
        return [_running(supply.tranches, month) for month in range(months)]
    ramp = supply.ramp or [1.0]
    return [ramp[min(month, len(ramp) - 1)] for month in range(months)]


def _running(tranches: list[Tranche], month: int) -> float:
    """Tranches of 0.7, 0.2 and 0.1 are one block: the written decimals are added, not their binary neighbours."""
    shares = [
        Decimal(repr(tranche.share))
        for tranche in tranches
        if 0 <= month - tranche.after_months < (tranche.months or month + 1)
    ]
    return float(sum(shares))


def supplies(instance: Instance) -> dict[str, Offer | SignedContract]:
    """Offers, then contracts in force, in the order of the file."""
    return {**instance.offers, **instance.signed}


def pools(instance: Instance) -> list[Pool]:
    """Every pool, in the order of the file."""
    found = []
    for key, supply in supplies(instance).items():
        if isinstance(supply, Offer) and supply.api is not None:
            found.append(Pool(key, key, None, supply.region, supply.provider))
            continue
        elastic = isinstance(supply, Offer) and supply.elastic is not None
        types = [supply.accelerator] if elastic else list(block_accelerators(instance, supply))
        found.extend(Pool(f"{key}/{name}", key, name, supply.region, supply.provider) for name in types if name)
    return found
