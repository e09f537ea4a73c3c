"""`offtake solve`: the cheapest plan, proven within a gap, audited and saved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import exits, history, options, terminal

if TYPE_CHECKING:
    from offtake.instance import Instance
    from offtake.plan import Plan


@click.command("solve")
@options.instance_argument
@click.option(
    "-o", "--output", type=options.PATH, metavar="PLAN", help="Where to save the plan; default: ./<instance>.plan.json."
)
@options.gap_option
@options.time_limit_option
@click.option(
    "--threads", type=click.IntRange(1, options.cores()), default=1, show_default=True, help="For the solver."
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="For the solver.")
@options.set_option
@terminal.json_option
@terminal.debug_option
@click.pass_context
def command(
    ctx: click.Context,
    instance_path: Path,
    output: Path | None,
    settings: tuple[str, ...],
    as_json: bool,
    **limits: Any,
) -> None:
    """Find the cheapest plan, prove it, audit it, save it.

    Prints the plan. Ctrl-C or the time limit keep the best plan found so far, with the gap that is proven.
    """
    from .problems import load

    instance = load(ctx, instance_path, settings)
    keep = history.keeper(instance, {"settings": list(settings), **limits})
    ctx.exit(solve(instance, instance_path, output, as_json, limits, keep))


def solve(
    instance: Instance,
    instance_path: Path,
    output: Path | None,
    as_json: bool,
    limits: dict[str, Any],
    keep: history.Keep,
) -> int:
    """Returns the exit status. `keep` is told how the solve ended, after its plan was saved."""
    import threading

    from offtake import engine
    from offtake.solve import listening

    from . import files, outcomes, tails
    from .progress import watch
    from .show import page

    target = files.plan_path(instance_path, output)
    files.check_writable(target)
    stop = threading.Event()
    try:
        with listening(stop):  # until the plan is on the disk
            with watch() as listener:
                plan: Plan = engine.solve(instance, progress=listener, stop=stop, **limits)
            try:
                saved = files.save(plan, target)
            finally:
                keep(plan, instance_path, target)
    except engine.NoPlan as error:
        keep(error.outcome, instance_path)
        status = outcomes.of_none(error)
        outcomes.explain_none(error, instance, as_json)
        terminal.next_step("explain" if status == exits.INFEASIBLE else "check", str(instance_path))
        return status
    except KeyboardInterrupt:
        terminal.say("interrupted before a plan was saved")
        return exits.INTERRUPTED
    page(plan.to_document(), as_json)
    if plan.status == "failed":
        terminal.say(
            "nothing is proven about this plan: prices, penalties or demands that span too many orders of magnitude "
            "hide each other from the solver; bring the largest and the smallest closer together"
        )
    if plan.status in ("optimal", "time_limit"):
        tails.weigh(plan, saved)
    terminal.next_step("breakeven", str(instance_path))
    return outcomes.of_plan(plan) if saved == target else exits.NOT_WRITTEN
