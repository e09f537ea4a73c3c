"""CSV with the columns of a measured row: those without a default must be there, the others may be."""

from __future__ import annotations

from ..diagnostics import Source
from ..schema import MeasuredFile, MeasuredRow
from ..tables import Report
from ..tables import rows as csv_rows
from ..yaml12 import Row

COLUMNS = [name for name, field in MeasuredRow.model_fields.items() if field.is_required()]
OPTIONAL = tuple(name for name in MeasuredRow.model_fields if name not in COLUMNS)
_TEXT = ("accelerator", "model", "precision", "parallelism", "engine", "date", "source", "speculative", "estimated")
_BOOLEAN = {"true": True, "false": False}


def rows(source: Source, about: MeasuredFile, report: Report) -> Row:
    """The rows of the file, which the schema has still to check: every value keeps its place."""
    columns = [name for name in COLUMNS if name != "model" or about.model is None]
    found = csv_rows(source, columns, report, optional=OPTIONAL, text=_TEXT)
    for row, where in zip(found, found.values_at, strict=True):
        for key in ("speculative", "estimated"):
            if key in row:
                row[key] = _BOOLEAN.get(row[key].lower(), row[key])
        if about.model is not None:
            row.put("model", where, about.model, where)
    return found
