"""The ladder: instances of four sizes that imitate the market, drawn from a seed.

    text = instance_text("m", seed=1)

Every figure is drawn and is nobody's price. The same rung and seed give the same text on every machine: only
`random.Random.random` is asked, whose sequence Python keeps from version to version, and every figure is rounded. A
plan always exists, since what can be had without signing is enough for everything.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from statistics import NormalDist
from typing import Any


@dataclass(frozen=True)
class Rung:
    """One size."""

    offers: int
    """under contract; what is had without signing comes beside them"""
    months: int
    workloads: int
    blocks: int
    """of the day"""


RUNGS = {
    "s": Rung(12, 12, 6, 4),
    "m": Rung(40, 36, 20, 4),
    "l": Rung(120, 60, 50, 6),
    "xl": Rung(300, 120, 100, 6),
}


@dataclass(frozen=True)
class Kind:
    """What offers of one kind have in common."""

    share: float
    """of all offers"""
    providers: int
    """at most; and no more than half the offers"""
    terms: tuple[int, ...]
    """months"""
    blocks: int
    """at most, of one deal"""
    block: tuple[float, float]
    """accelerators of one block, over those that the demand of the last month needs"""
    lead_months: int
    every_months: int
    """from one start month to the next"""
    starts: int | None = None
    """how many start months; None: to the end of the horizon"""


KINDS = {
    "hyperscaler": Kind(0.30, 4, (12, 36), 8, (0.01, 0.03), lead_months=6, every_months=3),
    "neocloud": Kind(0.40, 12, (6, 12, 24), 20, (0.004, 0.01), lead_months=0, every_months=2),
    "cluster": Kind(0.15, 6, (24, 36), 1, (0.08, 0.20), lead_months=0, every_months=3, starts=4),
    "tpu": Kind(0.15, 2, (24, 36), 4, (0.03, 0.06), lead_months=6, every_months=3),
}
"""kind of provider -> its offers"""
FAMILIES = {"tpu": "xla"}
"""kind -> software family of its accelerators, where that is not CUDA"""

USD_PER_HOUR = (1.7, 2.7)
"""of an accelerator for twelve months from the first month on; with TERM_FACTORS from 1.5 to 3.0"""
TERM_FACTORS = {6: 1.11, 12: 1.0, 24: 0.94, 36: 0.89}
"""months of the term -> factor on the price"""
FALL_PER_MONTH = 0.015
"""of prices, by the month in which service starts"""
SIGNING_FEE_MONTHS = (1, 5)
"""monthly payments of one block"""
ON_DEMAND_USD_PER_HOUR = (5, 6, 7)
"""one offer each; a workload can use one of them"""
ELIGIBLE = 0.5
"""share of the workloads that an offer can serve"""
RATE_SIGMA = 0.35
"""of the log of requests/s per accelerator; the median is 1"""
REQUESTS_PER_S = 1000
"""median of what a workload asks for in the first month"""
DEMAND_SIGMA = 0.8
"""of its log"""
GROWTH_PER_YEAR = (1.2, 3.0)
YEARS_OF_GROWTH = 3
"""after which what is above the least growth halves every year: nothing triples for ten years"""
DAILY_SWING = 0.45
"""of the mean, up and down, in a cosine of the hour"""
BATCH_EVERY = 4
"""each workload with this number is batch work"""
PROVIDER_SHARE_MAX = 0.4
"""of the megawatts in service"""

FIRST_YEAR = 2027
"""whose January is the first month: years of growth are calendar years"""
REGION = "us-east"
SOURCE = "drawn at random"
MONTH_HOURS = 730
SERVER = 8
"""accelerators, of which blocks are multiples"""


def instance_text(rung: str, seed: int = 1) -> str:
    """The YAML of an instance. Raises KeyError for an unknown rung."""
    name = f"ladder-{rung}"
    head = [
        "# yaml-language-server: $schema=offtake-1.schema.json",
        "#",
        f"# Drawn at random: offtake new DIR --template {name} --seed {seed}",
        "# Every figure is assumed. The kinds of offers imitate the market; none of the prices is anybody's.",
        "",
    ]
    return "\n".join([*head, *_lines(_document(RUNGS[rung], name, seed)), ""])


class _Dice(Random):
    """What is drawn, from uniform numbers alone."""

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.random()

    def below(self, count: int) -> int:
        return int(count * self.random())

    def log_normal(self, sigma: float) -> float:
        """Its median is 1."""
        return math.exp(sigma * NormalDist().inv_cdf(1 - self.random()))

    def some(self, names: list[str], count: int) -> list[str]:
        """So many of the names, in their order."""
        keys = {name: self.random() for name in names}
        chosen = sorted(names, key=keys.__getitem__)[:count]
        return sorted(chosen, key=names.index)


def offers_by_kind(size: Rung) -> dict[str, int]:
    """Kind -> how many offers: the shares in whole numbers, what is left to the largest remainders."""
    exact = {kind: about.share * size.offers for kind, about in KINDS.items()}
    counts = {kind: math.floor(count + 1e-9) for kind, count in exact.items()}
    by_remainder = sorted(KINDS, key=lambda kind: round(counts[kind] - exact[kind], 9))
    for kind in by_remainder[: size.offers - sum(counts.values())]:
        counts[kind] += 1
    return counts


def _document(size: Rung, name: str, seed: int) -> dict[str, Any]:
    dice = _Dice(f"{name} {seed}")
    workloads = {key: _workload(size, key, dice) for key in _workload_names(size)}
    needed = sum(_last_requests_per_s(size, workload["demand"]) for workload in workloads.values())
    offers = {
        f"{kind}-{k + 1:03}": _offer(size, kind, count, k, needed, dice)
        for kind, count in offers_by_kind(size).items()
        for k in range(count)
    }
    forward = {key: _prices(size, dice) for key in offers}
    for key, offer in offers.items():
        offer["terms"] = [_term(offer, key, months, forward[key], dice) for months in KINDS[_kind(key)].terms]
    elastic = {f"on-demand-{usd}": _on_demand(f"on-demand-{usd}", usd, needed) for usd in ON_DEMAND_USD_PER_HOUR}
    rates = _rates(list(offers), list(elastic), list(workloads), dice)
    for key, workload in workloads.items():
        workload["allow"] = {"accelerators": [rate["accelerator"] for rate in rates if rate["workload"] == key]}
    supplies = {**offers, **elastic}
    return {
        "format": "offtake/1",
        "name": f"{name} with seed {seed}",
        "horizon": {"start": _month(0), "months": size.months},
        "day": {"blocks": size.blocks},
        "finance": {"discounting": {"rate": 0.1}},
        "policy": {"provider_share_max": {"mw": PROVIDER_SHARE_MAX}},
        "workloads": workloads,
        "providers": {offer["provider"]: {"kind": _kind(offer["provider"])} for offer in supplies.values()},
        "accelerators": {key: _accelerator(key) for key in supplies},
        "offers": supplies,
        "forward": forward,
        "throughput": {"rates": rates},
    }


def _kind(key: str) -> str:
    """Of an offer or a provider, by its name. What is had without signing is a hyperscaler's."""
    kind = key.rpartition("-")[0]
    return kind if kind in KINDS else "hyperscaler"


def _workload_names(size: Rung) -> list[str]:
    numbers = range(1, size.workloads + 1)
    return [f"{'interactive' if k % BATCH_EVERY else 'batch'}-{k:03}" for k in numbers]


def _workload(size: Rung, key: str, dice: _Dice) -> dict[str, Any]:
    batch = key.startswith("batch")
    return {
        "kind": "batch" if batch else "interactive",
        "model": "llama-3.1-70b",
        "region": REGION,
        "request": {"input_tokens": 1000, "output_tokens": 250},
        **({"within_days": 2} if batch else {"slo": {"ttft_ms": 1500, "tpot_ms": 50}}),
        "demand": {
            "requests_per_s": round(REQUESTS_PER_S * dice.log_normal(DEMAND_SIGMA), 1),
            "growth_per_year": _growth(size, dice.between(*GROWTH_PER_YEAR)),
            "shape": _shape(dice.between(0, 24)),
        },
    }


def _growth(size: Rung, factor: float) -> dict[int, float]:
    least, years = GROWTH_PER_YEAR[0], range(math.ceil(size.months / 12))
    halvings = [max(year - YEARS_OF_GROWTH + 1, 0) for year in years]
    return {FIRST_YEAR + year: round(least + (factor - least) / 2 ** halvings[year], 3) for year in years}


def _shape(peak_hour: float) -> list[float]:
    """24 factors by UTC hour."""
    return [round(1 + DAILY_SWING * math.cos((hour + 0.5 - peak_hour) * math.pi / 12), 3) for hour in range(24)]


def _last_requests_per_s(size: Rung, demand: dict[str, Any]) -> float:
    """Mean of the last month: with the median rate, the accelerators that it needs."""
    yearly = list(demand["growth_per_year"].values())
    return demand["requests_per_s"] * math.prod(yearly[month // 12] ** (1 / 12) for month in range(size.months - 1))


def _offer(size: Rung, kind: str, count: int, k: int, needed: float, dice: _Dice) -> dict[str, Any]:
    """The k-th of so many offers of a kind, without its terms; `needed`: accelerators in the last month."""
    about = KINDS[kind]
    servers = round(dice.between(*about.block) * needed / SERVER)
    return {
        "provider": f"{kind}-{k % min(about.providers, math.ceil(count / 2)) + 1}",
        "region": REGION,
        "accelerators": {f"{kind}-{k + 1:03}": SERVER * max(servers, 1)},
        "blocks": {"max": about.blocks},
        "repeat": "one_at_a_time",
        "start": _start(size, about, dice),
        "source": SOURCE,
        "assumed": ["accelerators", "blocks", "repeat", "start", "terms"],
    }


def _start(size: Rung, about: Kind, dice: _Dice) -> dict[str, Any]:
    """Start months; those of a whole cluster begin in the first half of the horizon."""
    if about.starts is None:
        first = about.lead_months + dice.below(about.every_months)
        return {"earliest": _month(first), "lead_months": about.lead_months, "every_months": about.every_months}
    first, every = dice.below(size.months // 2), min(about.every_months, size.months // 12)
    latest = _month(first + (about.starts - 1) * every)
    return {"earliest": _month(first), "latest": latest, "lead_months": about.lead_months, "every_months": every}


def _prices(size: Rung, dice: _Dice) -> list[dict[str, Any]]:
    """The forward curve of an offer's accelerator: a point a year, straight lines between."""
    first, years = dice.between(*USD_PER_HOUR), range(math.ceil(size.months / 12) + 1)
    falling = [first * (1 - FALL_PER_MONTH) ** (12 * year) for year in years]
    return [
        {"month": _month(12 * year), "usd_per_accelerator_hour": round(usd, 3)}
        for year, usd in zip(years, falling, strict=True)
    ]


def _term(offer: dict[str, Any], key: str, months: int, curve: list[dict[str, Any]], dice: _Dice) -> dict[str, Any]:
    factor = TERM_FACTORS[months]
    monthly_usd = offer["accelerators"][key] * MONTH_HOURS * factor * curve[0]["usd_per_accelerator_hour"]
    fee_usd = float(f"{dice.between(*SIGNING_FEE_MONTHS) * monthly_usd:.3g}")
    return {"months": months, "forward_factor": factor, "signing_fee_usd": fee_usd}


def _on_demand(key: str, usd: float, needed: float) -> dict[str, Any]:
    """More of it than the slowest accelerators would need to serve all of the largest peak."""
    return {
        "provider": key,
        "region": REGION,
        "accelerator": key,
        "elastic": {"usd_per_accelerator_hour": usd, "max_accelerators": float(f"{20 * needed:.2g}")},
        "source": SOURCE,
        "assumed": ["accelerator", "elastic"],
    }


def _rates(offers: list[str], elastic: list[str], workloads: list[str], dice: _Dice) -> list[dict[str, Any]]:
    """Who can serve whom, and how fast: of each offer a share of the workloads, and each workload from one elastic."""
    able = [
        (offer, workload) for offer in offers for workload in dice.some(workloads, round(ELIGIBLE * len(workloads)))
    ]
    able += [(elastic[dice.below(len(elastic))], workload) for workload in workloads]
    return [
        {
            "accelerator": accelerator,
            "workload": workload,
            "requests_per_s_per_accelerator": round(dice.log_normal(RATE_SIGMA), 4),
        }
        for accelerator, workload in able
    ]


def _accelerator(key: str) -> dict[str, Any]:
    """Each offer has one of its own, since rates are told apart by it. Only its power counts."""
    datasheet = {
        "bf16_tflops": 1000,
        "memory_gb": 141,
        "memory_tb_s": 4.8,
        "link_gb_s": 450,
        "domain": 8,
        "all_in_kw": 1.5,
    }
    return {"family": FAMILIES.get(_kind(key), "cuda"), **datasheet, "source": SOURCE, "assumed": list(datasheet)}


def _month(number: int) -> str:
    return f"{FIRST_YEAR + number // 12}-{number % 12 + 1:02}"


def _lines(entries: dict[Any, Any], indent: str = "") -> Iterator[str]:
    """YAML, with what holds only plain values on one line."""
    for key, entry in entries.items():
        if _is_leaf(entry):
            yield f"{indent}{key}: {_on_one_line(entry)}"
        elif isinstance(entry, dict):
            yield f"{indent}{key}:"
            yield from _lines(entry, f"{indent}  ")
        else:
            yield f"{indent}{key}:"
            yield from (f"{indent}  - {_on_one_line(value)}" for value in entry)


def _is_leaf(entry: Any) -> bool:
    inside = entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else []
    return not any(isinstance(value, dict | list) for value in inside)


def _on_one_line(entry: Any) -> str:
    if isinstance(entry, dict):
        return f"{{{', '.join(f'{key}: {_on_one_line(value)}' for key, value in entry.items())}}}"
    if isinstance(entry, list):
        return f"[{', '.join(map(_on_one_line, entry))}]"
    return str(entry)
