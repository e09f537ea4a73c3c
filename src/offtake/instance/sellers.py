"""Who is paid: providers, the groups that stand or fall together, and the families of what they sell."""

from __future__ import annotations

from .pools import block_accelerators, supplies
from .schema import Instance, Supply


def payees(instance: Instance) -> dict[str, str]:
    """Offer, contract in force or commitment -> its provider, in the order of the file."""
    return {key: entry.provider for key, entry in {**supplies(instance), **instance.commitments}.items()}


def groups_of(instance: Instance) -> dict[str, str]:
    """Offer, contract in force or commitment -> the group of its provider, or the provider if it is in none."""
    return {key: instance.providers[provider].group or provider for key, provider in payees(instance).items()}


def family_shares(instance: Instance, supply: Supply) -> dict[str, float]:
    """Accelerator family -> its share of the power of one block, by number and all-in power; they sum to 1."""
    kw: dict[str, float] = {}
    for name, count in block_accelerators(instance, supply).items():
        kind = instance.accelerators[name]
        kw[kind.family] = kw.get(kind.family, 0.0) + count * kind.all_in_kw
    total = sum(kw.values())
    return {family: each / total for family, each in kw.items()} if total else {}
