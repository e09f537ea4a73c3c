"""`offtake audit`: a plan against its instance, by arithmetic alone."""

from __future__ import annotations

from pathlib import Path

import click

from . import exits, options, terminal


@click.command("audit")
@options.plan_argument
@terminal.json_option
@terminal.debug_option
@click.pass_context
def command(ctx: click.Context, plan_path: Path, as_json: bool) -> None:
    """Recompute every rule and every dollar of a plan.

    From the instance stored in it, without the model or the solver. Exits with 4 if anything is wrong.
    """
    from offtake import plan
    from offtake.audit import audit_document

    from . import render, words

    report = words.printable(audit_document(plan.load(plan_path).to_document()).to_document())
    if as_json:
        terminal.show_json(report)
    else:
        terminal.show(render.audit_rules(report))
        if not report["passed"]:
            terminal.show(render.audit_findings(report))
    terminal.say(f"{plan_path}: {render.audit_result(report)}")
    terminal.next_step("show", str(plan_path))
    ctx.exit(exits.DONE if report["passed"] else exits.AUDIT_FAILED)
