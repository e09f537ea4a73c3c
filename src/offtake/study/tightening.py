"""Rules that a frontier tightens: what a value of one writes into the instance, and the range of values to try."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..instance.schema import Instance, Interactive
from .bad_question import BadQuestion
from .wording import listed

if TYPE_CHECKING:
    from ..plan import Plan

Settings = list[str]
"""`key=value`, as `--set` takes them"""


@dataclass(frozen=True)
class Rule:
    """Something that a plan must keep to."""

    words: str
    """what its value is"""
    tight: float | None
    loose: float | None
    """default ends; None: they must be given"""
    nested: bool
    """whether every plan of a tighter value is one of a looser value, at no higher cost"""
    settings: Callable[[Instance, Plan, float], Settings]
    """of an instance, its cheapest plan and a value; raises BadQuestion where the rule means nothing"""


def rule(name: str) -> Rule:
    """The rule of a friendly name, or of a key path. Raises BadQuestion."""
    if name in RULES:
        return RULES[name]
    if "." not in name:
        raise BadQuestion(
            f"{name!r} is no rule; there are {listed(list(RULES))}, and key paths such as finance.cash_min_usd"
        )
    return Rule(name, None, None, False, lambda instance, best, value: [f"{name}={_number(value)}"])


def nested(name: str, instance: Instance) -> bool:
    """Whether every plan of a tighter value is one of a looser value in this instance: less work, or the same at a
    higher speed, moves money and requests between providers, and may break a limit on their shares."""
    shares = instance.policy.provider_share_max
    shared = shares is not None and (shares.spend is not None or shares.served is not None)
    return rule(name).nested and not (name in ("service", "latency") and shared)


def _number(value: float) -> str:
    """A whole number without a point: some keys count things."""
    return str(int(value)) if value == int(value) else repr(value)


def _budget(instance: Instance, best: Plan, share: float) -> Settings:
    paid: dict[tuple[str, str], float] = {}
    months = {str(instance.horizon.start + m) for m in range(instance.horizon.months)}
    for row in best.to_document()["cash"]:
        if row["month"] in months:
            entry = row.get("scenario", ""), row["month"][:4]
            paid[entry] = paid.get(entry, 0.0) + row["usd"]
    most = {year: max(usd for (_, own), usd in paid.items() if own == year) for _, year in paid}
    stated = {str(key): usd for key, usd in instance.finance.budget_usd.items()}
    return _capped("finance.budget_usd", most, stated, share, "pays nothing")


def _carbon(instance: Instance, best: Plan, share: float) -> Settings:
    emitted = best.kpis.get("carbon_tonnes_by_year") or {}
    stated = {str(key): tonnes for key, tonnes in instance.policy.carbon_tonnes_max.items()}
    return _capped("policy.carbon_tonnes_max", emitted, stated, share, "has no known emissions")


def _capped(path: str, most: dict[str, float], stated: dict[str, float], share: float, lacking: str) -> Settings:
    """A share of what the cheapest plan takes in each year, or what is stated where that is less."""
    caps = {year: min(share * amount, stated.get(year, share * amount)) for year, amount in most.items() if amount > 0}
    if not caps:
        raise BadQuestion(f"there is nothing to cap: the cheapest plan {lacking}")
    return [f"{path}.{year}={cap!r}" for year, cap in caps.items()]


def _obligations(instance: Instance, best: Plan, share: float) -> Settings:
    peak = best.kpis.get("peak_obligations_usd") or 0.0
    if peak <= 0:
        raise BadQuestion("there is nothing to cap: the cheapest plan never owes anything")
    stated = instance.finance.obligations_max_usd
    return [f"finance.obligations_max_usd={share * peak if stated is None else min(stated, share * peak)!r}"]


def _provider_share(instance: Instance, best: Plan, share: float) -> Settings:
    return [f"policy.provider_share_max.mw={share!r}"]


def _service(instance: Instance, best: Plan, headroom: float) -> Settings:
    return [f"workloads.{key}.headroom={headroom!r}" for key in _interactive(instance)]


def _latency(instance: Instance, best: Plan, factor: float) -> Settings:
    return [
        f"workloads.{key}.slo.{target}={factor * getattr(workload.slo, target)!r}"
        for key, workload in _interactive(instance).items()
        for target in ("ttft_ms", "tpot_ms")
    ]


def _interactive(instance: Instance) -> dict[str, Any]:
    found = {key: workload for key, workload in instance.workloads.items() if isinstance(workload, Interactive)}
    if not found:
        raise BadQuestion("the instance has no interactive workload")
    return found


def _risk(instance: Instance, best: Plan, weight: float) -> Settings:
    """All weight that the dearest futures do not have is on the mean."""
    if instance.uncertainty is None or len(instance.uncertainty.scenarios) < 2:
        raise BadQuestion("the instance has one future, so that none is dearer than the others")
    stated = instance.policy.risk
    level = [] if stated is None else [f"policy.risk.cvar_level={stated.cvar_level!r}"]
    return [f"policy.risk.weight={weight!r}", f"policy.risk.mean_weight={1 - weight!r}", *level]


RULES = {
    "budget": Rule("share of what the cheapest plan pays in each calendar year", 0.8, 1.0, True, _budget),
    "obligations": Rule("share of the most that the cheapest plan owes", 0.2, 1.0, True, _obligations),
    "provider-share": Rule("share of the megawatts of any one group of providers", 0.4, 1.0, True, _provider_share),
    "carbon": Rule("share of what the cheapest plan emits in each calendar year", 0.5, 1.0, True, _carbon),
    "service": Rule("capacity over the peak, of interactive workloads", 1.5, 1.0, True, _service),
    "risk": Rule("weight of the dearest futures against the mean of all", 0.95, 0.05, False, _risk),
    "latency": Rule("factor on the targets of interactive workloads", 0.5, 1.5, True, _latency),
}
"""By friendly name; the default ends are round numbers."""
