"""Tables that look the same everywhere: no vertical rules, numbers to the right and never broken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text


def table(headers: Sequence[str], rows: Iterable[Sequence[RenderableType]], totals: int = 0) -> Table:
    """A table of text. A header that starts with `>` heads a column of numbers; the last `totals` rows are set off."""
    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for header in headers:
        number = header.startswith(">")
        made.add_column(header.lstrip(">"), justify="right" if number else "left", no_wrap=number, overflow="fold")
    body = list(rows)
    for position, row in enumerate(body, start=1):
        made.add_row(*row, end_section=bool(totals) and position == len(body) - totals)
    return made


def facts(rows: Iterable[tuple[str, RenderableType]]) -> Table:
    """Names and what is said of them, without rules."""
    made = Table.grid(padding=(0, 2))
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    for name, said in rows:
        made.add_row(Text(name, style="dim"), said)
    return made


def section(title: str, body: RenderableType, note: str = "") -> Group:
    """A heading, a table, and a remark below it."""
    parts: list[RenderableType] = [Text(""), Text(title, style="bold cyan"), body]
    if note:
        parts.append(Text(note, style="dim"))
    return Group(*parts)
