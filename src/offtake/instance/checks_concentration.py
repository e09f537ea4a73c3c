"""Rules on who may have how much: shares of providers and families, the fewest providers, and who may not both be."""

from __future__ import annotations

from collections.abc import Iterator

from . import catalogue
from .checks_terms import supplies, unread
from .diagnostics import listed
from .schema import AtMostOfProviders, Horizon, Offer, ProvidersMin, SignedContract, Since, Supply
from .sentences import Finding
from .structure import Draft

Findings = Iterator[Finding]

ROUNDING = 1e-9
"""three shares of a third are all"""


def stated(draft: Draft) -> Findings:
    """A rule on shares names one of them."""
    policy = draft.instance.policy
    limits = policy.provider_share_max
    if limits is not None and limits.mw is None and limits.spend is None and limits.served is None:
        message = "provider_share_max limits nothing"
        yield Finding("E021", ("policy", "provider_share_max"), message, "mw, spend or served: 0.5", "", "key")
    if policy.family_share_max is not None and not policy.family_share_max.shares:
        message = "family_share_max limits nothing"
        yield Finding("E021", ("policy", "family_share_max"), message, "cuda: 0.8, for example", "", "key")


def room_for_all(draft: Draft) -> Findings:
    """Shares that leave a part of the whole to nobody."""
    limits = draft.instance.policy.provider_share_max
    if limits is None or unread(draft):
        return
    signed, every = _groups(draft, signed_only=True), _groups(draft, signed_only=False)
    for key, groups in (("mw", signed), ("spend", every), ("served", every)):
        most = getattr(limits, key)
        if most is not None and groups and most * len(groups) < 1 - ROUNDING:
            several = f"there are {len(groups)} groups of providers ({listed(groups)}): one of them has at least"
            message = f"{several} {1 / len(groups):.4g}" if len(groups) > 1 else f"{groups[0]} alone sells all of it"
            help = "raise the share, or add offers of others"
            yield Finding("E029", ("policy", "provider_share_max", key), message, help)


def families(draft: Draft) -> Findings:
    """A family that nothing on offer has, and shares that leave a part of the whole to nobody."""
    rule, known = draft.instance.policy.family_share_max, _families(draft)
    if rule is None or known is None:
        return
    for family in rule.shares:
        if family not in known:
            message = f"nothing that could be signed is of the family {family}: this share has no effect"
            help = "capacity that needs no signing has no megawatts here"
            yield Finding("W009", ("policy", "family_share_max", family), message, help, "", "key")
    if known and sum(rule.shares.get(family, 1.0) for family in known) < 1 - ROUNDING:
        message = f"all that could be signed is of {listed(known)}, whose shares sum to less than 1"
        help = "raise a share: nothing else could make up the rest"
        yield Finding("E029", ("policy", "family_share_max"), message, help, "", "key")


def enough_groups(draft: Draft) -> Findings:
    """No more groups can be asked for than there are."""
    rule = draft.instance.policy.providers_min
    if rule is None or unread(draft):
        return
    stated = isinstance(rule, ProvidersMin)
    least, groups = rule.at_least if stated else rule, _groups(draft, signed_only=True)
    if least > len(groups):
        path = ("policy", "providers_min", *(["at_least"] if stated else []))
        sell = "1 sells" if len(groups) == 1 else f"{len(groups)} sell"
        message = f"providers_min asks for {least} groups of providers, and {sell} what could be signed"
        help = f"{listed(groups)}; capacity that needs no signing does not count" if groups else "add offers with terms"
        yield Finding("E029", path, message, help)


def kept_apart(draft: Draft) -> Findings:
    """Each provider counts once, and has something that could be signed."""
    sold = {supply.provider for _, supply in supplies(draft) if _is_signed(supply)}
    sold |= {each.provider for each in draft.instance.commitments.values()}
    whole = not unread(draft) and len(draft.written("commitments")) == len(draft.instance.commitments)
    for i, group in enumerate(draft.instance.groups):
        for j, name in enumerate(group.providers if isinstance(group, AtMostOfProviders) else []):
            at = ("groups", i, "providers", j)
            if name in group.providers[:j]:
                yield Finding("E028", at, f"{name} is named twice in one group", "name it once", "")
            elif whole and name in draft.written("providers") and name not in sold:
                message = f"{name} sells nothing that could be signed: naming it has no effect"
                yield Finding("W009", at, message, "capacity that needs no signing does not count", "")


def begin_inside(draft: Draft, horizon: Horizon) -> Findings:
    """A rule that begins after the horizon."""
    last = horizon.start + (horizon.months - 1)
    for key in ("provider_share_max", "family_share_max", "providers_min"):
        rule = getattr(draft.instance.policy, key)
        if isinstance(rule, Since) and rule.since is not None and rule.since > last:
            message = f"{key} begins in {rule.since}, after the horizon: it has no effect"
            yield Finding("W005", ("policy", key, "from"), message, f"the last month of the horizon is {last}")


def _is_signed(supply: Offer | SignedContract) -> bool:
    return isinstance(supply, SignedContract) or bool(supply.terms)


def _groups(draft: Draft, signed_only: bool) -> list[str]:
    """Groups of the providers of all supplies, or of what is or could be signed."""
    sellers = [supply.provider for _, supply in supplies(draft) if not signed_only or _is_signed(supply)]
    known = draft.instance.providers
    return list(dict.fromkeys((known[name].group if name in known else None) or name for name in sellers))


def _families(draft: Draft) -> list[str] | None:
    """Families of what is or could be signed; None if that is not known."""
    if unread(draft):
        return None
    names = [name for _, supply in supplies(draft) if _is_signed(supply) for name in _accelerators(supply)]
    stated, facts = draft.instance.accelerators, catalogue.accelerators()
    found = [stated[name].family if name in stated else facts.get(name, {}).get("family") for name in names]
    return None if None in found else list(dict.fromkeys(found))


def _accelerators(supply: Supply) -> list[str]:
    return [supply.accelerator] if supply.accelerator is not None else list(supply.accelerators)


CHECKS = (stated, room_for_all, families, enough_groups, kept_apart)
DATE_CHECKS = (begin_inside,)
