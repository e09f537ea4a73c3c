"""`offtake check`: is the instance valid, how large is its model, and who can be served at all?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import exits, options, terminal

if TYPE_CHECKING:
    from offtake.instance import Inspection, Instance

MOST_REASONS = 6


@click.command("check")
@options.instance_argument
@options.set_option
@terminal.json_option
@terminal.debug_option
@click.pass_context
def command(ctx: click.Context, instance_path: Path, settings: tuple[str, ...], as_json: bool) -> None:
    """Validate an instance and say how large its model is.

    Prints every error and warning with its place, and names workloads that no offer can serve.
    """
    from offtake.instance import inspect

    from .problems import boxes, counted

    found = inspect(instance_path, settings)
    terminal.say(*boxes(found.diagnostics))
    if found.instance is None:
        if as_json:
            terminal.show_json({"valid": False, "diagnostics": [asdict(entry) for entry in found.diagnostics]})
        terminal.say(f"{instance_path} is not valid: {counted(found.diagnostics)}")
        ctx.exit(exits.INVALID_INPUT)
    summary = describe(found.instance)
    if as_json:
        terminal.show_json({"valid": True, "diagnostics": [asdict(entry) for entry in found.diagnostics], **summary})
    else:
        terminal.show(page(found, summary))
    verdict = f"{instance_path} is valid: {counted(found.diagnostics)}"
    if summary["unserved"]:
        verdict = f"{instance_path} is well-formed, but nothing can serve {', '.join(summary['unserved'])}"
    terminal.say(*unserved(summary), *beyond(summary), verdict)
    terminal.next_step("throughput" if summary["unserved"] else "solve", str(instance_path))


def describe(instance: Instance) -> dict[str, Any]:
    """The size of the problem, and for workloads that nothing can serve the reasons."""
    from offtake.size import model_size
    from offtake.throughput import rate_table
    from offtake.throughput.training_rates import beyond_measured

    rates = rate_table(instance)
    serving = {
        name: [pool for (pool, workload), rate in rates.items() if workload == name and rate.eligible]
        for name in instance.workloads
    }
    reasons = {
        name: {pool: rate.reason for (pool, workload), rate in rates.items() if workload == name}
        for name, able in serving.items()
        if not able
    }
    size = model_size(instance, rates)
    return {
        "name": instance.name,
        "model": size,
        "pools_by_workload": serving,
        "unserved": reasons,
        "beyond_measured": beyond_measured(instance),
    }


def page(found: Inspection, summary: dict[str, Any]) -> Any:
    from . import words
    from .tables import facts, section

    instance = found.instance
    signed = sum(bool(offer.terms) for offer in instance.offers.values())
    first, months = instance.horizon.start, instance.horizon.months
    size = {key: words.count(value) for key, value in summary["model"].items()}
    rows = [
        (
            "horizon",
            f"{first} to {first + (months - 1)}: {words.plural(months, 'month')}, "
            f"{words.plural(instance.day.blocks, 'block')} a day",
        ),
        ("workloads", ", ".join(_of_kind(found, kind) for kind in dict.fromkeys(found.kinds.values()))),
        (
            "offers",
            f"{len(instance.offers)}: {signed} to sign, {len(instance.offers) - signed} without signing; "
            f"{words.plural(len(instance.signed), 'contract')} in force",
        ),
        ("ways to sign", "{deals} deals, {pools} pools, {pairs} pairs of pool and workload".format(**size)),
        ("model", "about {rows} rows, {columns} columns, {nonzeros} nonzeros".format(**size)),
    ]
    if instance.policy.resilience is not None:
        rows.append(("resilience", "rows are added while it is solved, where a plan does not survive a loss"))
    return section(words.printable(instance.name), facts(rows))


def _of_kind(found: Inspection, kind: str) -> str:
    """How many workloads of a kind the file has, and which of them are served in parts."""
    named = [key for key, own in found.kinds.items() if own == kind]
    parted = "; ".join(f"{key} as {' and '.join(found.parts[key])}" for key in named if key in found.parts)
    return f"{len(named)} {kind}" + (f" ({parted})" if parted else "")


def beyond(summary: dict[str, Any]) -> list[str]:
    """What to say about training runs that may be larger than any whose speed was measured."""
    from offtake.throughput.training import MEASURED_ACCELERATORS

    return [
        f"warning: {name} may take more than the {MEASURED_ACCELERATORS:,} accelerators of the largest run measured: "
        "there its speed is an extrapolation; mfu states one"
        for name in summary["beyond_measured"]
    ]


def unserved(summary: dict[str, Any]) -> list[str]:
    """What to say about workloads that no pool can serve."""
    said = []
    for name, reasons in summary["unserved"].items():
        said.append(f"warning: no offer can serve {name}:")
        distinct = dict.fromkeys(f"{pool.partition('/')[0]}: {reason}" for pool, reason in reasons.items())
        said += [f"  - {reason}" for reason in list(distinct)[:MOST_REASONS]]
        if len(distinct) > MOST_REASONS:
            said.append(f"  - and {len(distinct) - MOST_REASONS} more, see `offtake throughput`")
    return said
