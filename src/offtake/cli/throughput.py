"""`offtake throughput`: what each accelerator does for each workload inside its target, and what that costs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import options, terminal

if TYPE_CHECKING:
    from offtake.instance import Instance
    from offtake.throughput import RateTable

Row = dict[str, Any]

_PRICE = [
    "usd_per_million_tokens",
    "usd_per_million_input_tokens",
    "usd_per_million_output_tokens",
    "usd_per_accelerator_hour",
]
_RATE = [
    "ttft_ms",
    "tpot_ms",
    "tensor_parallel",
    "data_parallel",
    "prefill_accelerators",
    "batch",
    "utilisation",
    "limit",
    "memory_gb",
    "prefill_share",
    "tokens_per_joule",
    "source",
    "cited",
    "derate",
    "sigma",
    "calibrated",
]


@click.command("throughput")
@options.instance_argument
@options.set_option
@terminal.json_option
@terminal.debug_option
@click.pass_context
def command(ctx: click.Context, instance_path: Path, settings: tuple[str, ...], as_json: bool) -> None:
    """Speed and price of every offer for every workload.

    Tokens/s per accelerator inside the latency target with the engine and batch behind them and what limits them, USD
    per million tokens at full use for every way to pay, and for offers that cannot serve a workload the reason.
    """
    from offtake.throughput import rate_table

    from .problems import load

    instance = load(ctx, instance_path, settings)
    rates = rate_table(instance)
    rows = measure(instance, rates)
    if as_json:
        terminal.show_json(rows)
    else:
        terminal.show(*pages(instance, rows, rates.calibrated))
    terminal.next_step("solve", str(instance_path))


def measure(instance: Instance, rates: RateTable) -> list[Row]:
    """One row per workload, pool and way to pay, in the order of the file; rates are those of the first month."""
    from offtake.instance.reasoning import as_of
    from offtake.instance.workloads import runs
    from offtake.throughput import usd_per_million_tokens

    prices: dict[tuple[str, str], list[Any]] = {}
    for price in usd_per_million_tokens(as_of(instance, instance.horizon.start), rates):
        prices.setdefault((price.pool, price.workload), []).append(price)
    found = []
    for (pool, workload), rate in rates.items():
        for price in prices.get((pool, workload), [None]):
            row = {"workload": workload, "pool": pool, "eligible": rate.eligible, "reason": rate.reason}
            row["tokens_per_s_per_accelerator"] = rate.tokens_per_s if rate.eligible else None
            serves = rate.eligible and workload not in runs(instance)
            row["requests_per_s_per_accelerator"] = float(rate.requests_per_s[0]) if serves else None
            row |= {key: getattr(price, key, None) for key in _PRICE} | {"price_basis": getattr(price, "basis", None)}
            found.append(row | {key: getattr(rate, key) for key in _RATE})
    order = list(instance.workloads)
    return sorted(found, key=lambda row: order.index(row["workload"]))


def pages(instance: Instance, rows: list[Row], calibrated: str) -> list[Any]:
    """A table per workload: who can serve it, each by its cheapest way to pay, then who cannot and why."""
    from .tables import section, table

    found = []
    headers = ["pool", ">tokens/s", ">USD/1M", ">input", ">output", ">TTFT", ">TPOT", ">engine", ">batch", "limit"]
    for name, workload in instance.workloads.items():
        able = _cheapest(row for row in rows if row["workload"] == name and row["eligible"])
        unable = [row for row in rows if row["workload"] == name and not row["eligible"]]
        target = (
            f", TTFT {workload.slo.ttft_ms:g} ms, TPOT {workload.slo.tpot_ms:g} ms"
            if workload.kind == "interactive"
            else ""
        )
        title = f"{name}: {workload.kind}, {workload.model}, {_where(workload)}{target}"
        found.append(section(title, table(headers, map(_cells, able))))
        cited = [(row["pool"], f"{row['source']}: {row['cited']}") for row in able if row["cited"]]
        if cited:
            found.append(table(["rate of", "from"], cited))
        if unable:
            found.append(table(["cannot serve it", "because"], ((row["pool"], row["reason"]) for row in unable)))
    found.append(
        "tokens/s: input and output, per accelerator, first month (token services: of one request); USD per 1M tokens, "
        "and of input and output alone: by the cheapest term at full use, undiscounted; TTFT, TPOT: ms; engine: "
        "accelerators, d with data-parallel attention, after a plus those that read prompts; limit: what keeps the "
        "batch from growing, or where a rate comes from that is not modelled; `-`: sunk, or not known. `--json` has "
        "every term, memory and tokens per joule. Modelled rates are those of software of "
        f"{calibrated}, less the model's uncertainty (derate) where a pair was never measured."
    )
    return found


def _where(workload: Any) -> str:
    """The region that requests come from; of a run and its rollouts, what a token is."""
    said = {"rollouts": "prompts and answers, anywhere"}
    learnt = "tokens learnt from, at the largest scale, before goodput"
    return getattr(workload, "region", said.get(workload.kind, learnt))


def _cheapest(rows: Iterable[Row]) -> list[Row]:
    """One row per pool, the cheapest first; those without a price last."""
    found: dict[str, Row] = {}
    for row in sorted(rows, key=_usd):
        found.setdefault(row["pool"], row)
    return list(found.values())


def _usd(row: Row) -> float:
    usd = row["usd_per_million_tokens"]
    return math.inf if usd is None else usd


def _cells(row: Row) -> list[str]:
    def shown(key: str, form: str) -> str:
        return "-" if row[key] is None else format(row[key], form)

    engine = shown("tensor_parallel", "d") + ("d" if row["data_parallel"] else "")
    return [
        row["pool"],
        shown("tokens_per_s_per_accelerator", ",.0f"),
        *(shown(key, ",.3f") for key in _PRICE[:3]),
        *(shown(key, ",.0f") for key in ("ttft_ms", "tpot_ms")),
        engine + (f"+{row['prefill_accelerators']}" if row["prefill_accelerators"] else ""),
        shown("batch", ",d"),
        row["limit"] or row["source"],
    ]
