"""`offtake new`: a folder with an instance to begin with, and the schema that editors read."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import click

from .. import ladder
from . import options, terminal

TEMPLATES = {
    "blank": "one workload, a reservation and on demand; the other keys as comments",
    "hyperscaler": "on demand, one and three years, capacity blocks paid ahead",
    "neocloud": "small reservations now against a large one built to order",
    "cluster": "a whole site, take it or leave it, against leases that come later",
    "tpu": "megawatts signed far ahead, with a bridge of GPUs",
    "savings-plan": "dollars promised for every hour at a discount",
    "api": "tokens of a service against accelerators of one's own",
}
"""File in `templates` -> what it is about."""

LADDER = {
    f"ladder-{rung}": f"drawn at random: {size.offers} offers, {size.months} months, {size.workloads} workloads, "
    f"{size.blocks} blocks a day"
    for rung, size in ladder.RUNGS.items()
}
"""What is drawn -> how large it is."""

INSTANCE = "instance.yaml"
SCHEMA = "offtake-1.schema.json"


EPILOG = f"Templates: {'; '.join(f'{name} ({said})' for name, said in {**TEMPLATES, **LADDER}.items())}."


@click.command("new", epilog=EPILOG)
@click.argument("folder", metavar="DIR", type=options.PATH)
@click.option(
    "--template",
    type=click.Choice([*TEMPLATES, *LADDER]),
    default="blank",
    show_default=True,
    help="What the instance is about.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    help="Of a template that is drawn at random; the same seed draws the same.  [default: 1]",
)
@terminal.debug_option
def command(folder: Path, template: str, seed: int | None) -> None:
    """Write an instance to begin with.

    Makes DIR with a commented instance.yaml that can be solved as it is, and the schema with which editors complete
    and check its keys. Nothing that is there already is overwritten.
    """
    if seed is not None and template not in LADDER:
        raise click.UsageError(f"nothing of {template} is drawn: --seed is for {', '.join(LADDER)}.")
    texts = {
        INSTANCE: _text(template, 1 if seed is None else seed),
        SCHEMA: resources.files("offtake").joinpath("instance", SCHEMA).read_text(encoding="utf-8"),
    }
    write(folder, texts)
    terminal.say(f"written: {folder / INSTANCE} (template {template}), {folder / SCHEMA}")
    terminal.next_step("check", str(folder / INSTANCE))


def _text(template: str, seed: int) -> str:
    if template in LADDER:
        return ladder.instance_text(template.removeprefix("ladder-"), seed)
    return resources.files("offtake").joinpath("templates", f"{template}.yaml").read_text(encoding="utf-8")


def write(folder: Path, texts: dict[str, str]) -> None:
    """Write files into a folder that may have to be made. Raises CannotWrite; then no file was changed."""
    there = [name for name in texts if (folder / name).exists()]
    if there:
        raise terminal.CannotWrite(f"{folder / there[0]} is there already; name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            with (folder / name).open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
    except FileExistsError as error:
        raise terminal.CannotWrite(f"{error.filename} is there already; name another folder") from None
    except OSError as error:
        raise terminal.CannotWrite(f"{folder} cannot be written: {error.strerror}") from None
