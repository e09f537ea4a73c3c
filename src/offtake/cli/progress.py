"""What a solve says while it runs: a live table on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.live import Live
from rich.table import Table

from . import terminal, words
from .tables import table

if TYPE_CHECKING:
    from offtake.solve import Progress

SECONDS_BETWEEN_LINES = 10.0
HEADERS = ["phase", ">seconds", ">best plan", ">bound", ">gap", ">nodes"]


@contextmanager
def watch() -> Iterator[Callable[[Progress], None]]:
    """A listener for `offtake.solve`; what it shows goes to standard error."""
    console = terminal.console(sys.stderr)
    if not console.is_terminal:
        yield _lines()
        return
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        yield lambda progress: live.update(_table(progress))


def cells(progress: Progress) -> list[str]:
    """One state of the search in words; `-` for what is not known yet."""
    return [
        progress.phase,
        f"{progress.seconds:,.0f}",
        "-" if progress.incumbent is None else words.usd(progress.incumbent),
        "-" if progress.bound is None else words.usd(progress.bound),
        "-" if progress.gap is None else words.gap(progress.gap),
        f"{progress.nodes:,}",
    ]


def _table(progress: Progress) -> Table:
    """The state as a table whose columns stay where they are."""
    made = table(HEADERS, [cells(progress)])
    for column in made.columns:
        column.min_width = 10
    return made


def _lines() -> Callable[[Progress], None]:
    """Say a line every ten seconds."""
    said = time.monotonic()

    def listen(progress: Progress) -> None:
        nonlocal said
        if time.monotonic() - said >= SECONDS_BETWEEN_LINES:
            said = time.monotonic()
            phase, seconds, best, bound, gap, nodes = cells(progress)
            terminal.say(f"{seconds} s: {phase}, best plan {best}, bound {bound}, gap {gap}, {nodes} nodes")

    return listen
