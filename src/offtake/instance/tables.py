"""CSV files beside the instance, read into the place that names them: demand by month.

What is read carries the positions of the CSV, so that every later error points into it.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import files
from .diagnostics import Diagnostic, Source, Span, at, general, listed, shorten
from .sentences import nearest
from .yaml12 import NUMBER, Row, Table, number

Report = Callable[[Diagnostic], None]

DEMAND_COLUMNS = ["month", "requests_per_s"]
HOUR_COLUMN = "hour_utc"
"""of demand by hour of the day"""
HOURS = range(24)


def read_demand(document: Table, folder: Path, report: Report) -> None:
    """Replace the file name of every demand by what the file holds; report what is wrong with it."""
    workloads = document.get("workloads")
    for workload in workloads.values() if isinstance(workloads, Table) else ():
        demand = workload.get("demand") if isinstance(workload, Table) else None
        if isinstance(demand, Table) and isinstance(demand.get("file"), str) and "requests_per_s" not in demand:
            _read_demand(demand, folder, report)


def _read_demand(demand: Table, folder: Path, report: Report) -> None:
    """`file` becomes `requests_per_s`, a table by month, of lists if by hour; a line that cannot be read: it stays."""
    table, where, problems = Table(), demand.values_at["file"], []
    source = source_named(folder, demand["file"], where, problems.append)
    for row in _demand_rows(source, problems.append) if source else ():
        if HOUR_COLUMN in row:
            month, at_month = row["month"], row.values_at["month"]
            if month not in table:
                table.put(month, at_month, Table(), at_month)
            _put_rate(table[month], HOUR_COLUMN, row, problems.append)
        else:
            _put_rate(table, "month", row, problems.append)
    for month, rates in table.items():
        if isinstance(rates, Table):
            table[month] = _in_order(rates, month, table.keys_at[month], problems.append)
    for problem in problems:
        report(problem)
    if not problems:
        demand.put("requests_per_s", demand.keys_at["file"], table, where)
        del demand["file"]


def _demand_rows(source: Source, report: Report) -> Row:
    """The lines of a CSV of demand; where the header names hours of the day, every line must."""
    by_hour = [HOUR_COLUMN] if HOUR_COLUMN in header(source) else []
    return rows(source, [*DEMAND_COLUMNS, *by_hour], report, text=("month",))


def _put_rate(rates: Table, column: str, row: Table, report: Report) -> None:
    """The rate of a row, by its month or hour."""
    key, where = row[column], row.values_at[column]
    if key in rates:
        also = ((rates.keys_at[key], "first here"),)
        by_hour = "" if column == HOUR_COLUMN else f"; rates by hour of the day need a column {HOUR_COLUMN}"
        report(at(where, "E005", f"{shorten(str(key))} is written twice", f"keep one{by_hour}", "again here", also))
    elif column == HOUR_COLUMN and key not in HOURS:
        report(at(where, "E027", f"hour_utc must be a whole number from {HOURS[0]} to {HOURS[-1]}", "hours are UTC"))
    else:
        rates.put(key, where, row["requests_per_s"], row.values_at["requests_per_s"])


def _in_order(rates: Table, month: str, where: Span, report: Report) -> Row:
    """The rates of a month by hour."""
    lacking = [str(hour) for hour in HOURS if hour not in rates]
    if lacking:
        message = f"{month} lacks hour_utc {listed(lacking, most=4)}"
        report(at(where, "E027", message, "a line for each hour of the day; write 0 for one without requests"))
    row = Row()
    for hour in HOURS if not lacking else ():
        row.put(rates[hour], rates.values_at[hour])
    return row


def source_named(folder: Path, name: str, where: Span, report: Report) -> Source | None:
    """The file of that name, which must lie in the folder; None, reported, if it cannot be read."""
    try:
        return files.read(inside(folder, name, where), str(folder / name), "E026")
    except files.Unreadable as error:
        report(named(error.diagnostic, name, where))
        return None


def header(source: Source) -> list[str]:
    """The names of the columns: the fields of the first line that is not blank; none if it cannot be read."""
    first = next((line for line, text in enumerate(source.lines) if text.strip()), None)
    fields = None if first is None else _fields(source, first, lambda _: None)
    return [text for text, _ in fields or ()]


def rows(
    source: Source, columns: list[str], report: Report, optional: tuple[str, ...] = (), text: tuple[str, ...] = ()
) -> Row:
    """The lines of a CSV that have all its fields, each a Table, at their places.

    `columns` must be in the header, `optional` ones may be: a blank field of theirs is left out. Fields of the columns
    `text` stay text; others become numbers if they can.
    """
    found, names, count = Row(), [], 0
    for line in (line for line, words in enumerate(source.lines) if words.strip()):
        fields = _fields(source, line, report)
        if fields is None:
            continue
        count += bool(names)
        if not names:
            names = [word for word, _ in fields]
            if not _complete(names, columns, optional, whole(source, line), report):
                return found
        elif len(fields) != len(names):
            message = f"this line has {len(fields)} fields, the header {len(names)}"
            report(at(whole(source, line), "E027", message, "text that holds a comma stands in double quotes"))
        else:
            given = [pair for pair in zip(names, fields, strict=True) if pair[0] in columns or pair[0] in optional]
            wanted = [(name, field) for name, field in given if field[0] or name in columns]
            found.put(_row(wanted, text, report), whole(source, line))
    if count == 0:
        report(general("E027", source.path, "the table has no rows", f"it begins with the line {','.join(columns)}"))
    return found


def inside(folder: Path, name: str, where: Span) -> Path:
    """The file of that name; it must lie in the folder, also when links are followed."""
    try:
        path = (folder / name).resolve()
        outside = Path(name).is_absolute() or not path.is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):
        name, outside = "", False
    if not name.strip():
        raise files.Unreadable(at(where, "E026", "this is not a file name", "name a CSV file beside the instance"))
    if outside:
        help = "copy the file beside the instance and name it there"
        raise files.Unreadable(at(where, "E026", "the file lies outside the folder of the instance", help))
    return path


def named(diagnostic: Diagnostic, name: str, where: Span) -> Diagnostic:
    """A file that cannot be opened is an error of the line that names it."""
    if diagnostic.line is not None:
        return diagnostic
    return at(where, diagnostic.code, f"{shorten(name)}: {diagnostic.message}", diagnostic.help)


def _fields(source: Source, line: int, report: Report) -> list[tuple[str, Span]] | None:
    """The fields of one line with their places; None, reported, if its quotes do not match."""
    text = source.lines[line]
    try:
        (words,) = csv.reader([text], strict=True)
    except (csv.Error, ValueError):
        report(at(whole(source, line), "E027", "the quotes of this line do not match", "a field stands on one line"))
        return None
    fields: list[tuple[str, Span]] = []
    column = 0
    for word in words:
        begin = text.find(word, column)
        if begin < 0:  # it holds doubled quotes
            return [(word.strip(), whole(source, line)) for word in words]
        column = begin + len(word) + 1
        begin += len(word) - len(word.lstrip())
        fields.append((word.strip(), Span(source, line, begin, line, max(begin + len(word.strip()), begin + 1))))
    return fields


def _complete(names: list[str], columns: list[str], optional: tuple[str, ...], where: Span, report: Report) -> bool:
    """Whether the header names every column once, and no optional one twice; reported if not."""
    known = [*columns, *optional]
    for what, wrong in (
        ("missing", [column for column in columns if column not in names]),
        ("named twice", [column for column in known if names.count(column) > 1]),
    ):
        if wrong:
            near = nearest(wrong[0], [name for name in names if name not in known])
            help = f"rename the column {near}" if near else f"columns needed: {listed(columns)}"
            help = "columns are separated by commas" if len(names) == 1 else help
            verb = f"column {wrong[0]} is" if len(wrong) == 1 else f"columns {listed(wrong)} are"
            report(at(where, "E027", f"the {verb} {what}", help))
    return all(names.count(column) == 1 for column in columns) and all(names.count(name) < 2 for name in optional)


def _row(given: list[tuple[str, tuple[str, Span]]], text: tuple[str, ...], report: Report) -> Table:
    row = Table()
    for name, (word, span) in given:
        row.put(name, span, word if name in text else _number(word, span, report), span)
    return row


def _number(text: str, span: Span, report: Report) -> Any:
    """A number, or the text itself, which the schema then refuses."""
    if not NUMBER.fullmatch(text):
        return text
    try:
        return number(text)
    except ValueError as error:
        message, help = error.args
        report(at(span, "E007", message, help, f"got {text}"))
        return text


def whole(source: Source, line: int) -> Span:
    """A line of a source."""
    return Span(source, line, 0, line, len(source.lines[line].rstrip()))
