"""What an instance may be wrong about, one thing at a time: `demand`, `price:OFFER`, and by how much.

A swing is written into the instance's document, which is then checked as a file is: prices, demand and the discount
rate where they are stated, throughput as `throughput.factor`, a late delivery as an effect of every scenario (of one
that is certain, if there is none).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..instance import from_document, to_document
from ..instance.pools import pools
from ..instance.schema import Instance, SignedContract, Training
from ..instance.workloads import served
from .bad_question import BadQuestion
from .wording import listed

CERTAIN = "as-assumed"
"""the one scenario of an instance that has none"""

PRICES = {
    "usd_per_month",
    "usd_per_accelerator_hour",
    "usd_per_mw_month",
    "forward_factor",
    "minimum_usd_per_month",
    "usd_per_million_input_tokens",
    "usd_per_million_output_tokens",
}
"""keys of terms, rights, elastic capacity and token APIs; not fees for signing, deposits and energy"""

Document = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """Something that may turn out otherwise."""

    words: str
    swing: float
    """default: a share of the value, months for delivery, points of the rate (0.02 is two percent a year)"""
    unit: str
    """factor, months or points"""
    of: Callable[[Instance], dict[str, list[str]]]
    """what it may be narrowed to by name -> the ids in the document that are then meant; '' means all of them"""
    write: Callable[[Instance, Document, list[str], float], None]


def swung(instance: Instance, name: str, value: float) -> Instance:
    """The instance where what the name says is otherwise: times `value` (prices, demand, throughput), later by so many
    months (delivery), or more by so many points (discount rate). Raises BadQuestion for a name that means nothing,
    InstanceError if the checks of an instance refuse the value.
    """
    kind, ids = named(instance, name)
    if not ids:
        return instance
    document = to_document(instance)
    kind.write(instance, document, ids, value)
    return from_document(document, name=f"{instance.name} with {name} {said(name, value)}")


def canonical(name: str) -> str:
    """`price` for prices."""
    return "price" if name == "prices" else name


def ends(name: str, swing: float) -> tuple[float, float]:
    """The values at the low and the high end of a swing; delivery is never early."""
    unit = KINDS[name.partition(":")[0]].unit
    return (1 - swing, 1 + swing) if unit == "factor" else (0.0 if unit == "months" else -swing, swing)


def said(name: str, value: float) -> str:
    """A value in words.

    >>> said("demand", 1.2), said("delivery", 2.0), said("discount", -0.02)
    ('+20%', '2 months late', '-2 points')
    """
    unit = KINDS[name.partition(":")[0]].unit
    if unit == "months":
        return f"{value:g} month{'' if value == 1 else 's'} late"
    return f"{100 * (value - 1):+.4g}%" if unit == "factor" else f"{100 * value:+.4g} points"


def rests(name: str, value: float) -> bool:
    """Whether the value changes nothing."""
    return value == (1.0 if KINDS[name.partition(":")[0]].unit == "factor" else 0.0)


def named(instance: Instance, name: str) -> tuple[Kind, list[str]]:
    """The kind of `kind` or `kind:narrower`, and the ids that it is about. Raises BadQuestion."""
    key, _, narrower = name.partition(":")
    if key not in KINDS:
        raise BadQuestion(f"{name!r} cannot swing; there are {listed(list(KINDS))}, and price:OFFER for one of them")
    choices = KINDS[key].of(instance)
    if narrower not in choices:
        known = [choice for choice in choices if choice]
        raise BadQuestion(f"{key} of {narrower!r} is not in the instance; there is {listed(known) or 'nothing'}")
    return KINDS[key], choices[narrower]


def _sellers(instance: Instance, in_force: bool) -> dict[str, list[str]]:
    """All, each provider's, and each."""
    supplies = {**instance.offers, **(instance.signed if in_force else {})}
    by_provider: dict[str, list[str]] = {}
    for key, supply in supplies.items():
        by_provider.setdefault(supply.provider, []).append(key)
    return {"": list(supplies), **by_provider, **{key: [key] for key in supplies}}


def _prices(instance: Instance) -> dict[str, list[str]]:
    return _sellers(instance, in_force=False)


def _deliveries(instance: Instance) -> dict[str, list[str]]:
    """What has not begun: offers that are signed, and contracts in force that begin later."""
    first = instance.horizon.start
    late = {
        key: supply
        for key, supply in {**instance.offers, **instance.signed}.items()
        if (supply.start >= first if isinstance(supply, SignedContract) else supply.terms)
    }
    return {name: [key for key in keys if key in late] for name, keys in _sellers(instance, in_force=True).items()}


def _workloads(instance: Instance) -> dict[str, list[str]]:
    keys = list(served(instance))
    return {"": keys, **{key: [key] for key in keys}}


def _accelerators(instance: Instance) -> dict[str, list[str]]:
    serving = any(not isinstance(workload, Training) for workload in instance.workloads.values())
    keys = list(dict.fromkeys(pool.accelerator for pool in pools(instance) if pool.accelerator)) if serving else []
    return {"": keys, **{key: [key] for key in keys}}


def _rate(instance: Instance) -> dict[str, list[str]]:
    return {"": ["finance"]}


def _price(instance: Instance, document: Document, ids: list[str], value: float) -> None:
    for key in ids:
        offer = document["offers"][key]
        priced = [*offer.get("terms", []), offer.get("elastic"), offer.get("api")]
        priced += [offer.get("renewal"), offer.get("expansion")]
        for part in priced:
            for name in PRICES & (part or {}).keys():
                part[name] = _times(part[name], value)


def _demand(instance: Instance, document: Document, ids: list[str], value: float) -> None:
    for key in ids:
        demand = document["workloads"][key]["demand"]
        demand["requests_per_s"] = _times(demand["requests_per_s"], value)


def _times(stated: Any, factor: float) -> Any:
    """A number, or all numbers of a table."""
    if isinstance(stated, dict):
        return {key: _times(entry, factor) for key, entry in stated.items()}
    return [_times(entry, factor) for entry in stated] if isinstance(stated, list) else stated * factor


def _delivery(instance: Instance, document: Document, ids: list[str], value: float) -> None:
    certain = {"scenarios": {CERTAIN: {"probability": 1.0}}}
    scenarios = document.setdefault("uncertainty", certain)["scenarios"].values()
    if any("delay_months" in scenario for scenario in scenarios):
        raise BadQuestion("delivery cannot swing: the scenarios of the instance say themselves how late what is")
    for scenario in scenarios:
        scenario["delay_months"] = {key: int(value) for key in ids}


def _factor(instance: Instance, document: Document, ids: list[str], value: float) -> None:
    factors = document.setdefault("throughput", {}).setdefault("factor", {})
    for key in ids:
        factors[key] = value * factors.get(key, 1.0)


def _discount(instance: Instance, document: Document, ids: list[str], value: float) -> None:
    discounting = document.setdefault("finance", {}).setdefault("discounting", {"rate": 0.0})
    discounting["rate"] = min(max(discounting["rate"] + value, 0.0), 1.0)


KINDS: dict[str, Kind] = {
    "price": Kind("prices", 0.2, "factor", _prices, _price),
    "demand": Kind("demand", 0.2, "factor", _workloads, _demand),
    "throughput": Kind("throughput", 0.2, "factor", _accelerators, _factor),
    "delivery": Kind("delivery", 2.0, "months", _deliveries, _delivery),
    "discount": Kind("the discount rate", 0.02, "points", _rate, _discount),
}
"""By the name that a swing begins with. Default swings are round numbers, not measured spreads."""
