"""Who sells what, and the rules on shares of the portfolio and on who must be in it."""

from __future__ import annotations

from offtake_models.problem import PowerShare, Seller, SellerShare, SellersMin

from ..deals import commitments
from ..instance.pools import pools, supplies
from ..instance.schema import Instance, ProvidersMin, Since
from ..instance.sellers import family_shares, groups_of, payees
from .calendar import Calendar


def sellers_of(instance: Instance) -> list[Seller]:
    """Groups of providers, in the order of what they sell."""
    groups, taken = groups_of(instance), commitments.considered(instance)
    return [
        Seller(
            name,
            [key for key in supplies(instance) if groups[key] == name],
            [pool.id for pool in pools(instance) if groups[pool.supply] == name],
            [k for k, key in enumerate(taken) if groups[key] == name],
        )
        for name in dict.fromkeys(groups.values())
    ]


def power_shares(instance: Instance, calendar: Calendar) -> list[PowerShare]:
    """Shares of the megawatts in service: by group of providers, then by accelerator family."""
    found, groups, families = [], instance.policy.provider_share_max, instance.policy.family_share_max
    if groups is not None and groups.mw is not None:
        first = _first(groups, calendar)
        found += [
            PowerShare("group", seller.name, dict.fromkeys(seller.offers, 1.0), groups.mw, first)
            for seller in sellers_of(instance)
        ]
    for family, most in families.shares.items() if families is not None else ():
        made_of = {key: family_shares(instance, supply).get(family, 0.0) for key, supply in supplies(instance).items()}
        parts = {key: part for key, part in made_of.items() if part}
        found.append(PowerShare("family", family, parts, most, _first(families, calendar)))
    return [share for share in found if share.first < calendar.months]


def spend_share(instance: Instance, calendar: Calendar) -> SellerShare | None:
    """The largest share of what is paid for good."""
    rule = instance.policy.provider_share_max
    return None if rule is None else _share(rule, rule.spend, calendar)


def served_share(instance: Instance, calendar: Calendar) -> SellerShare | None:
    """The largest share of what is served."""
    rule = instance.policy.provider_share_max
    return None if rule is None else _share(rule, rule.served, calendar)


def sellers_min(instance: Instance, calendar: Calendar) -> SellersMin | None:
    """How many sellers there must be in each month."""
    rule = instance.policy.providers_min
    if rule is None:
        return None
    stated = rule if isinstance(rule, ProvidersMin) else ProvidersMin(at_least=rule)
    first = _first(stated, calendar)
    return SellersMin(stated.at_least, first) if first < calendar.months else None


def sold_by(instance: Instance, providers: list[str]) -> dict[str, list[str]]:
    """Provider -> its offers, contracts in force and commitments."""
    paid = payees(instance)
    return {provider: [key for key, payee in paid.items() if payee == provider] for provider in providers}


def _share(rule: Since, most: float | None, calendar: Calendar) -> SellerShare | None:
    first = _first(rule, calendar)
    return None if most is None or first >= calendar.months else SellerShare(most, first)


def _first(rule: Since, calendar: Calendar) -> int:
    """Month of the horizon from which on a rule holds."""
    return 0 if rule.since is None else max(rule.since - calendar.first, 0)
