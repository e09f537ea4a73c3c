"""What every command shares about the terminal: two streams, options, and words for the user."""

from __future__ import annotations

import errno
import io
import json
import os
import shlex
import sys
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

PIPED_WIDTH = 100
"""columns when the output is no terminal; COLUMNS overrides it"""


class CannotWrite(Exception):
    """A result that could not be written; the message is a sentence for the user."""


def console(stream: TextIO, file: TextIO | None = None) -> Console:
    """A console that prints what it is given: no markup, no emoji, no colour unless the stream is a terminal.

    With `file` it writes there what it would write to the stream.
    """
    from rich.console import Console

    width = None if stream.isatty() or "COLUMNS" in os.environ else PIPED_WIDTH
    plain = {"markup": False, "emoji": False, "highlight": False}
    return Console(file=file or stream, force_terminal=stream.isatty(), width=width, **plain)


def show(*parts: RenderableType) -> None:
    """Print to standard output. Raises CannotWrite, but not when the reader has seen enough."""
    with io.TextIOWrapper(io.BytesIO(), sys.stdout.encoding, errors="replace") as page:
        out = console(sys.stdout, page)
        for part in parts:
            out.print(part)
        page.seek(0)
        _write("".join(f"{line.rstrip()}\n" for line in page))


def show_json(value: Any) -> None:
    """Print a JSON document to standard output. Raises CannotWrite, but not when the reader has seen enough."""
    _write(json.dumps(value, indent=2, allow_nan=False) + "\n")


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        lost = output_lost(error)
        if error.errno != errno.EPIPE:
            raise lost from None


def output_lost(error: OSError) -> CannotWrite:
    """What to say of it. The rest of the output is thrown away, or the interpreter fails once more on its way out."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    return CannotWrite(f"standard output cannot be written: {error.strerror}")


def width() -> int:
    """Columns of standard output."""
    return console(sys.stdout).width


def say(*parts: RenderableType) -> None:
    """Print to standard error; lines of text are left as long as they are."""
    from rich.text import Text

    err = console(sys.stderr)
    for part in parts:
        err.print(part, soft_wrap=isinstance(part, str | Text))


def next_step(*words: str) -> None:
    """Name the next useful command."""
    say(f"next: {shlex.join(['offtake', *words])}")


def wants_trace(ctx: click.Context) -> bool:
    return bool(ctx.meta.get("offtake.debug"))


def _remember_debug(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        ctx.meta["offtake.debug"] = True


debug_option = click.option(
    "--debug", is_flag=True, expose_value=False, callback=_remember_debug, help="Show the trace of a failure."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON in place of tables.")
