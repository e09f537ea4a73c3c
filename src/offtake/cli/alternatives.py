"""`offtake alternatives`: plans nearly as cheap, and as different as they can be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import exits, options, studies, terminal, words

if TYPE_CHECKING:
    from offtake.study.alternatives import Alternatives


@click.command("alternatives")
@options.instance_argument
@click.option(
    "--within", type=options.Number(0), default=0.02, show_default=True, help="Share that a plan may cost more."
)
@click.option("--count", type=click.IntRange(1), default=5, show_default=True, help="Plans beside the best one.")
@click.option("--most", metavar="PROVIDER", help="Among them the plan that pays this provider most.")
@click.option(
    "-o", "--output", type=options.PATH, metavar="DIR", help="For the plans; default: ./<instance>.alternatives."
)
@options.set_option
@studies.gap_option(1e-3)
@options.time_limit_option
@studies.jobs_option
@terminal.json_option
@terminal.debug_option
@click.pass_context
def command(
    ctx: click.Context,
    instance_path: Path,
    output: Path | None,
    settings: tuple[str, ...],
    as_json: bool,
    count: int,
    **asked: Any,
) -> None:
    """Plans nearly as cheap as the best one, and as different as they can be.

    By what is signed, by who is paid, with the fewest contracts, with the least owed. Says what they all sign, and
    proves which offers no such plan goes without. Ctrl-C keeps what is done.
    """
    from offtake.study.alternatives import alternatives

    from .problems import load

    instance = load(ctx, instance_path, settings)
    folder = studies.made(output or Path(f"{instance_path.stem}.alternatives"))
    found = studies.run(alternatives, instance, count=count, **asked)
    studies.save(((f"{k:02}-{each.kind}", each.plan) for k, each in enumerate(found.found)), folder)
    if as_json:
        terminal.show_json(found.to_document())
    else:
        terminal.show(*page(found))
    terminal.next_step(
        "compare", *(str(folder / f"{k:02}-{each.kind}.plan.json") for k, each in enumerate(found.found[:2]))
    )
    if found.interrupted:
        ctx.exit(exits.INTERRUPTED)


def page(found: Alternatives) -> list[Any]:
    from offtake.study.alternatives import in_words

    from .tables import section, table

    rows = [
        (
            each.name,
            words.usd(each.plan.objective_usd),
            "-" if each.kind == "best" else words.gap(each.over_best),
            words.gap(each.over_bound),
            in_words(each.kind, each.figure, each.figure_bound) or "-",
            f"signs the same as: {each.same_as}" if each.same_as else "; ".join(each.changed) or "-",
        )
        for each in found.found
    ]
    headers = ["plan", ">cost", ">above\nthe best", ">above the\nbound", "by its measure", "against the best plan"]
    note = (
        f"no plan costs more than {100 * found.within:.4g} % above the best one; above the bound: the most that could"
        " still be saved, proven; at least, at most: how good its measure can be inside the slack, proven"
    )
    decided = [(row["offer"], row["verdict"], f"{len(row['in'])} of {len(found.found)}") for row in found.decided]
    return [
        section("Plans inside the slack", table(headers, rows), note),
        section(
            "Offers",
            table(["offer", "verdict", "signed in"], decided),
            "must do: proven that no plan inside the slack goes without it; in all, left out: of the plans found; "
            "open: some plan goes without it",
        ),
    ]
