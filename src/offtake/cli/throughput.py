"""`offtake throughput`: what each accelerator does for each workload inside its target, and what that costs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import options, terminal

if TYPE_CHECKING:
    from offtake.instance import Instance
    from offtake.throughput import RateTable

Row = dict[str, Any]


@click.command("throughput")
@options.instance_argument
@options.set_option
@terminal.json_option
@terminal.debug_option
@click.pass_context
def command(ctx: click.Context, instance_path: Path, settings: tuple[str, ...], as_json: bool) -> None:
    """Speed and price of every offer for every workload.

    Tokens/s per accelerator inside the latency target with the parallelism and batch behind them, USD per million
    tokens at full use, and for offers that cannot serve a workload the reason.
    """
    from offtake.throughput import rate_table

    from .problems import load

    instance = load(ctx, instance_path, settings)
    rows = measure(instance, rate_table(instance))
    if as_json:
        terminal.show_json(rows)
    else:
        terminal.show(*pages(instance, rows))
    terminal.next_step("solve", str(instance_path))


def measure(instance: Instance, rates: RateTable) -> list[Row]:
    """One row per workload and pool, in the order of the file; rates are those of the first month."""
    from offtake.instance.reasoning import as_of
    from offtake.throughput import usd_per_million_tokens

    at_first = as_of(instance, instance.horizon.start)
    prices = {(price.pool, price.workload): price for price in usd_per_million_tokens(at_first, rates)}
    found = []
    for (pool, workload), rate in rates.items():
        price = prices.get((pool, workload))
        found.append(
            {
                "workload": workload,
                "pool": pool,
                "eligible": rate.eligible,
                "reason": rate.reason,
                "tokens_per_s_per_accelerator": rate.tokens_per_s if rate.eligible else None,
                "usd_per_million_tokens": price.usd_per_million_tokens if price else None,
                "usd_per_accelerator_hour": price.usd_per_accelerator_hour if price else None,
                "price_basis": price.basis if price else None,
                "ttft_ms": rate.ttft_ms,
                "tpot_ms": rate.tpot_ms,
                "tensor_parallel": rate.tensor_parallel,
                "batch": rate.batch,
                "source": rate.source,
                "derate": rate.derate,
            }
        )
    order = list(instance.workloads)
    return sorted(found, key=lambda row: order.index(row["workload"]))


def pages(instance: Instance, rows: list[Row]) -> list[Any]:
    """A table per workload: who can serve it, then who cannot and why."""
    from .tables import section, table

    found = []
    headers = ["pool", ">tokens/s", ">USD per 1M", ">TTFT ms", ">TPOT ms", ">split", ">batch", "source"]
    for name, workload in instance.workloads.items():
        able = [row for row in rows if row["workload"] == name and row["eligible"]]
        unable = [row for row in rows if row["workload"] == name and not row["eligible"]]
        target = (
            f", TTFT {workload.slo.ttft_ms:g} ms, TPOT {workload.slo.tpot_ms:g} ms"
            if workload.kind == "interactive"
            else ""
        )
        where = "tokens learnt from, before goodput" if workload.kind == "training" else workload.region
        title = f"{name}: {workload.kind}, {workload.model}, {where}{target}"
        able.sort(key=lambda row: math.inf if row["usd_per_million_tokens"] is None else row["usd_per_million_tokens"])
        found.append(section(title, table(headers, map(_cells, able))))
        if unable:
            found.append(table(["cannot serve it", "because"], ((row["pool"], row["reason"]) for row in unable)))
    found.append(
        "tokens/s: input and output, per accelerator, first month (token services: of one request); split: tensor "
        "parallelism; USD per 1M tokens: by the cheapest term at full use, undiscounted; `-`: sunk, or not modelled"
    )
    return found


def _cells(row: Row) -> list[str]:
    usd, whole = row["usd_per_million_tokens"], ("ttft_ms", "tpot_ms", "tensor_parallel", "batch")
    return [
        row["pool"],
        f"{row['tokens_per_s_per_accelerator']:,.0f}",
        "-" if usd is None else f"{usd:,.3f}",
        *("-" if row[key] is None else f"{row[key]:,.0f}" for key in whole),
        row["source"],
    ]
