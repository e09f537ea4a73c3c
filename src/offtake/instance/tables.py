"""CSV files beside the instance, read into the place that names them: demand by month, measured rows.

What is read carries the positions of the CSV, so that every later error points into it.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from . import files
from .diagnostics import Diagnostic, Source, Span, at, general, listed, shorten
from .schema import MeasuredRow
from .sentences import nearest
from .yaml12 import NUMBER, Row, Table, number

Report = Callable[[Diagnostic], None]

_TEXT = ("month", "accelerator", "model")
"""columns that are not numbers"""
DEMAND_COLUMNS = ["month", "requests_per_s"]
HOUR_COLUMN = "hour_utc"
"""of demand by hour of the day"""
HOURS = range(24)
MEASURED_COLUMNS = list(MeasuredRow.model_fields)


def read_tables(document: Table, folder: Path, report: Report) -> None:
    """Replace every file name of the document by what the file holds; report what is wrong with it."""
    workloads = document.get("workloads")
    for workload in workloads.values() if isinstance(workloads, Table) else ():
        demand = workload.get("demand") if isinstance(workload, Table) else None
        if isinstance(demand, Table) and isinstance(demand.get("file"), str) and "requests_per_s" not in demand:
            _read_demand(demand, folder, report)
    throughput = document.get("throughput")
    if isinstance(throughput, Table) and isinstance(throughput.get("measured"), str):
        rows = Row()
        for line, row in _rows(
            folder, throughput["measured"], throughput.values_at["measured"], MEASURED_COLUMNS, report
        ):
            rows.put(row, line)
        throughput["measured"] = rows


def _read_demand(demand: Table, folder: Path, report: Report) -> None:
    """`file` becomes `requests_per_s`, a table by month, of lists if by hour; a line that cannot be read: it stays."""
    table, where, problems = Table(), demand.values_at["file"], []
    for _, row in _rows(folder, demand["file"], where, DEMAND_COLUMNS, problems.append, [HOUR_COLUMN]):
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


def _put_rate(rates: Table, column: str, row: Table, report: Report) -> None:
    """The rate of a row, by its month or hour."""
    key, where = row[column], row.values_at[column]
    if key in rates:
        also = ((rates.keys_at[key], "first here"),)
        report(at(where, "E005", f"{shorten(str(key))} is written twice", "keep one", "again here", also))
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


def _rows(
    folder: Path, name: str, where: Span, columns: list[str], report: Report, optional: Sequence[str] = ()
) -> Iterator[tuple[Span, Table]]:
    """The rows of a CSV file that have all its fields, with the columns asked for, and optional ones if it has them."""
    try:
        source = files.read(inside(folder, name, where), str(folder / name), "E026")
    except files.Unreadable as error:
        report(named(error.diagnostic, name, where))
        return
    header: list[str] = []
    rows = 0
    for number_, line in enumerate(source.lines):
        if not line.strip():
            continue
        fields = _fields(source, number_, report)
        if fields is None:
            continue
        rows += bool(header)
        if not header:
            header = [text for text, _ in fields]
            columns = [*columns, *(column for column in optional if column in header)]
            if not _complete(header, columns, _whole(source, number_), report):
                return
        elif len(fields) != len(header):
            message = f"this line has {len(fields)} fields, the header {len(header)}"
            report(at(_whole(source, number_), "E027", message, "text that holds a comma stands in double quotes"))
        else:
            yield _whole(source, number_), _row(header, fields, columns, report)
    if rows == 0:
        report(general("E027", source.path, "the table has no rows", f"it begins with the line {','.join(columns)}"))


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
        report(at(_whole(source, line), "E027", "the quotes of this line do not match", "a field stands on one line"))
        return None
    fields: list[tuple[str, Span]] = []
    column = 0
    for word in words:
        begin = text.find(word, column)
        if begin < 0:  # it holds doubled quotes
            return [(word.strip(), _whole(source, line)) for word in words]
        column = begin + len(word) + 1
        begin += len(word) - len(word.lstrip())
        fields.append((word.strip(), Span(source, line, begin, line, max(begin + len(word.strip()), begin + 1))))
    return fields


def _complete(header: list[str], columns: list[str], where: Span, report: Report) -> bool:
    """Whether the header names every column once; reported if not."""
    for what, wrong in (
        ("missing", [column for column in columns if column not in header]),
        ("named twice", [column for column in columns if header.count(column) > 1]),
    ):
        if wrong:
            near = nearest(wrong[0], [name for name in header if name not in columns])
            help = f"rename the column {near}" if near else f"columns needed: {listed(columns)}"
            help = "columns are separated by commas" if len(header) == 1 else help
            verb = f"column {wrong[0]} is" if len(wrong) == 1 else f"columns {listed(wrong)} are"
            report(at(where, "E027", f"the {verb} {what}", help))
    return all(header.count(column) == 1 for column in columns)


def _row(header: list[str], fields: list[tuple[str, Span]], columns: list[str], report: Report) -> Table:
    row = Table()
    for name, (text, span) in zip(header, fields, strict=True):
        if name in columns:
            row.put(name, span, text if name in _TEXT else _number(text, span, report), span)
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


def _whole(source: Source, line: int) -> Span:
    return Span(source, line, 0, line, len(source.lines[line].rstrip()))
