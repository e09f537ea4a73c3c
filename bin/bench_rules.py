"""What each rule of an instance costs: the same instance solved again without it.

A rule is left out by its keys, and what is left is read as a stored instance is. Its price is the cost with it less the
cost without it; the interval is what the two gaps prove, from the bound with it less the plan without it to the plan
with it less the bound without it. To leave out ports, training runs or contracts changes what is asked for as well.
"""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

from bench_measure import Solved, line, percent, seconds, solved, table

import offtake
from offtake.compile import compile_instance
from offtake.instance import Instance, InstanceError, from_document
from offtake.instance.document import to_document
from offtake.reductions import reduced

Document = dict[str, Any]
DAY_MS = 86.4e6
NO_TARGET = {"ttft_ms": DAY_MS, "tpot_ms": DAY_MS}
"""in place of a latency target, without which requests would not be interactive"""
FAMILIES: dict[str, list[str]] = {
    "budgets": ["finance.budget_usd"],
    "funding and least balance": ["finance.funding_usd", "finance.other_cash_usd", "finance.cash_min_usd"],
    "cap on obligations": ["finance.obligations_max_usd"],
    "ports": ["ports"],
    "training runs": ["workloads.*.training"],
    "reinforcement learning": ["workloads.*.rl"],
    "spend commitments": ["commitments"],
    "groups": ["groups"],
    "residency and other limits on pools": ["workloads.*.allow", "workloads.*.deny"],
    "latency targets": ["workloads.*.slo"],
    "subleases": ["offers.*.sublease", "signed.*.sublease"],
    "several futures": ["uncertainty"],
}
"""rule -> keys of the document that say it; of a workload also its kind, which takes all of it; `policy` one by one"""


def rules(document: Document) -> dict[str, list[str]]:
    """The rules that an instance has: name -> patterns of the keys that say it."""
    families = {**FAMILIES, **{f"policy.{key}": [f"policy.{key}"] for key in document.get("policy", {})}}
    return {name: patterns for name, patterns in families.items() if without(document, patterns) != document}


def without(document: Document, patterns: list[str]) -> Document:
    """A copy that says nothing of what the patterns name."""
    left = copy.deepcopy(document)
    for pattern in patterns:
        _drop(left, pattern.split("."))
    return left


def _drop(holder: Document, path: list[str]) -> None:
    first, rest = path[0], path[1:]
    for key in list(holder) if first == "*" else [first]:
        entry = holder.get(key)
        if not rest or (isinstance(entry, dict) and rest == [entry.get("kind")]):
            holder.pop(key, None)
        elif rest == ["slo"] and "slo" in entry:
            entry["slo"] = NO_TARGET
        elif isinstance(entry, dict):
            _drop(entry, rest)


def measure_rules(path: Path, settings: list[str], gap: float, time_limit_s: float) -> None:
    """The table of one instance, line by line as it is measured."""
    document = to_document(offtake.load(path, settings))
    found = rules(document)
    print(f"### {path.stem}\n")
    table("without", ["rows", "columns", f"CPU s to {gap:g}", "gap", "root gap", "objective, m USD", "price, m USD"])
    whole = _solved("(all rules)", document, gap, time_limit_s)
    for name, patterns in found.items() if whole is not None else ():
        _solved(name, without(document, patterns), gap, time_limit_s, whole)
    print()


def _solved(rule: str, document: Document, gap: float, time_limit_s: float, whole: Solved | None = None):
    """Solve and print one line. None, and what is wrong, if that is no instance."""
    print(f"without {rule} ...", file=sys.stderr, flush=True)
    try:
        instance: Instance = from_document(document)
    except InstanceError as error:
        print(line([rule, *["-"] * 6, f"cannot be left out: {error.diagnostics[0].message}"]), flush=True)
        return None
    run = solved(reduced(compile_instance(instance)), gap, time_limit_s)
    cells = [f"{run.rows:,}", f"{run.columns:,}", seconds(run.seconds_to(gap, gap)), percent(run.outcome.gap)]
    cells += [percent(run.root_gap), _millions(run.outcome.objective) or run.outcome.status]
    print(line([rule, *cells, "" if whole is None else price(whole, run)]), flush=True)
    return run


def price(whole: Solved, run: Solved) -> str:
    """In million USD, with the interval that is proven."""
    costs = [whole.outcome.objective, run.outcome.objective, whole.outcome.bound, run.outcome.bound]
    if None in costs[:2]:
        return "-"
    best = _millions(costs[0] - costs[1])
    if None in costs:
        return best
    return f"{best} ({_millions(costs[2] - costs[1])} to {_millions(costs[0] - costs[3])})"


def _millions(usd: float | None) -> str:
    return "" if usd is None else f"{usd / 1e6 + 0.0:,.4g}" if abs(usd) < 1e9 else f"{usd / 1e6:,.0f}"
