"""The `offtake` command: finds its subcommands, and turns every failure into a sentence and an exit status."""

from __future__ import annotations

import difflib
import os
import sys
import threading
import traceback
from importlib import import_module
from typing import Any

import click

from . import exits, outcomes, terminal

COMMANDS = [
    "new", "check", "throughput", "calibrate", "solve", "show", "runs", "compare", "explain", "breakeven", "waiting",
    "alternatives", "frontier", "sensitivity", "audit",
]  # fmt: skip
"""In the order in which they are used; each is the module of that name, imported when it is asked for."""

INVALID_INPUT = [
    ("offtake.instance", "InstanceError"),
    ("offtake.plan", "PlanError"),
    ("offtake.audit", "PlanError"),
    ("offtake.runs", "RunError"),
]


class Commands(click.Group):
    def main(self, *args: Any, **kwargs: Any) -> Any:
        """As click's, where a help page cannot be written."""
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            sys.exit(explain(error))

    def list_commands(self, ctx: click.Context) -> list[str]:
        return COMMANDS

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return import_module(f"{__package__}.{cmd_name}").command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            near = difflib.get_close_matches(name, COMMANDS, n=1)
            guess = f"did you mean `offtake {near[0]}`?" if near else f"there are: {', '.join(COMMANDS)}."
            ctx.fail(f"there is no command {name!r}; {guess}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except KeyboardInterrupt:
            terminal.say("interrupted")
            status = exits.INTERRUPTED
        except Exception as error:
            if terminal.wants_trace(ctx):
                terminal.say(traceback.format_exc())
            status = explain(error)
        ctx.exit(status)


def explain(error: Exception) -> int:
    """Say what went wrong and return the exit status."""
    if isinstance(error, OSError) and error.filename is None:  # a stream: click writes help pages itself
        error = terminal.output_lost(error)
    if isinstance(error, terminal.CannotWrite):
        terminal.say(f"error: {error}")
        return exits.NOT_WRITTEN
    if any(isinstance(error, known(*home)) for home in INVALID_INPUT):
        text = str(error)
        terminal.say(text if text.startswith("error") else f"error: {text}")
        return exits.INVALID_INPUT
    if isinstance(error, known("offtake.engine", "NoPlan")):
        return outcomes.of_none(error)
    if isinstance(error, known("offtake.study.held", "NotHeld")):
        terminal.say(str(error))
        return exits.INFEASIBLE
    first = (str(error).strip().splitlines() or ["no message"])[0]
    terminal.say(f"error: {type(error).__name__}: {first} (`--debug` shows the trace)")
    return exits.FAILED


def known(module: str, name: str) -> Any:
    """A class for isinstance: nothing is an instance of it if its module was never imported."""
    return getattr(sys.modules.get(module), name, ())


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="offtake", message="%(prog)s %(version)s")
@terminal.debug_option
def main() -> None:
    """Which compute contracts to sign, how much of each, from when and for how long.

    INSTANCE is a YAML file that states the problem, PLAN a JSON file that `offtake solve` wrote. Answers go to
    standard output, messages and progress to standard error.

    \b
    offtake check instances/quickstart.yaml
    offtake solve instances/quickstart.yaml
    """


def run() -> None:
    """The command as a process of its own, which ends when all is said: a solver that did not heed the end of its time,
    and was left behind, is not waited for."""
    try:
        main()
    except SystemExit as end:
        if not any(thread.name == "HiGHS" for thread in threading.enumerate()):
            raise
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else exits.FAILED)
