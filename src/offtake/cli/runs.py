"""`offtake runs`: the history of solves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import options, terminal, words

if TYPE_CHECKING:
    from offtake.runs import History

Row = dict[str, Any]


@click.group("runs")
def command() -> None:
    """What was solved before: every run with its plan.

    Runs stand in the user's data folder, or in the one that OFFTAKE_HOME names; with OFFTAKE_HOME set to nothing none
    is kept. Wherever a command takes a PLAN, the first letters of the id of a run do as well.
    """


def _history() -> History:
    from offtake.runs import History, RunError, runs_folder

    folder = runs_folder()
    if folder is None:
        raise RunError("no history is kept, since OFFTAKE_HOME is set to nothing")
    return History(folder)


@command.command("list")
@click.option("--instance", default="", metavar="TEXT", help="Only runs of instances with this in their name.")
@terminal.json_option
@terminal.debug_option
def listed(instance: str, as_json: bool) -> None:
    """Runs, the newest first."""
    history = _history()
    found = history.find(instance)
    terminal.say(*(f"warning: {sentence}" for sentence in history.unreadable))
    if as_json:
        terminal.show_json(found)
    elif found:
        terminal.show(*page(words.printable(found)))
    else:
        terminal.say(f"no runs{' of such an instance' if instance else ''} in {history.folder}")
    if found:
        terminal.next_step("runs", "show", found[0]["id"])


@command.command("show")
@click.argument("prefix", metavar="ID")
@terminal.json_option
@terminal.debug_option
def show(prefix: str, as_json: bool) -> None:
    """One run: its manifest, and its plan as `offtake show` prints it.

    The first letters of the ID are enough.
    """
    from offtake import plan

    from . import show as plans
    from .tables import facts, section

    history = _history()
    stated = history.run(prefix)
    found = plan.load(history.plan_path(prefix)).to_document() if stated["objective_usd"] is not None else None
    if as_json:
        terminal.show_json({"run": stated, "plan": found})
        return
    terminal.show(section(f"Run {stated['id']}", facts(_facts(words.printable(stated)))))
    if found is not None:
        plans.page(found, as_json=False)
        terminal.next_step("audit", stated["id"])


@command.command("gc")
@click.option("--keep", type=click.IntRange(0), metavar="N", help="Keep the newest N runs.")
@click.option("--days", type=options.Number(0), metavar="D", help="Keep runs that are younger than D days.")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
@terminal.json_option
@terminal.debug_option
def gc(keep: int | None, days: float | None, dry_run: bool, as_json: bool) -> None:
    """Delete old runs.

    What either option keeps is kept. Plans that `offtake solve` has saved elsewhere stay.
    """
    if keep is None and days is None:
        raise click.UsageError("say what to keep: --keep N, --days D, or both.")
    history = _history()
    old, leftovers = history.expendable(keep, days), history.leftovers()
    if not dry_run:
        try:
            history.remove(old, leftovers)
        except OSError as error:
            raise terminal.CannotWrite(f"{history.folder} cannot be changed: {error.strerror}") from None
    if as_json:
        terminal.show_json(old)
    elif old:
        terminal.show(*page(words.printable(old)))
    unfinished = f" and {words.plural(len(leftovers), 'unfinished folder')}" if leftovers else ""
    terminal.say(f"{words.plural(len(old), 'run')}{unfinished} {'would be ' if dry_run else ''}deleted")


def page(found: list[Row]) -> list[Any]:
    from .tables import table

    headers = ["run", "finished (UTC)", "instance", "status", ">cost", ">gap", "audit"]
    return [table(headers, map(_cells, found))]


def _cells(stated: Row) -> tuple[str, ...]:
    cost, gap = stated["objective_usd"], stated["gap"]
    return (
        stated["id"],
        stated["finished"][:16].replace("T", " "),
        stated["instance"]["name"],
        stated["status"].replace("_", " "),
        "-" if cost is None else words.usd(cost),
        "-" if gap is None else words.gap(gap),
        _verdict(stated["audit"]),
    )


def _verdict(audit: Row | None) -> str:
    if audit is None:
        return "-"
    return "passed" if audit["passed"] else f"FAILED: {words.plural(audit['findings'], 'finding')}"


def _facts(stated: Row) -> list[tuple[str, str]]:
    """What the manifest says beside the plan."""
    asked = {key: value for key, value in stated["options"].items() if value not in (None, [])}
    return [
        ("solved", f"{stated['started'][:19].replace('T', ' ')} to {stated['finished'][:19].replace('T', ' ')} UTC"),
        ("instance", f"{stated['instance']['name']}, sha256 {stated['instance']['sha256'][:16]}"),
        *((f"file of {what}", path) for what, path in stated["files"].items()),
        ("options", ", ".join(f"{key} {_option(value)}" for key, value in asked.items())),
        ("versions", ", ".join(f"{name} {version}" for name, version in stated["versions"].items())),
        ("answer", stated.get("message") or stated["status"].replace("_", " ")),
        ("audit", _verdict(stated["audit"])),
    ]


def _option(value: Any) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)
