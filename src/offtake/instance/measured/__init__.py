"""Files of measurements beside the instance -> rows of `schema.MeasuredRow`, at the places that name the files.

What a file is shows in its content, never in its name:

    CSV with the columns isl, osl and tokens/s       aiconfigurator's best_config_topn.csv and pareto.csv
    any other CSV                                    the columns of a measured row
    JSON whose entries have tput_per_gpu             results of InferenceX (formerly InferenceMAX)
    JSON with gpu_info                               the input of the Melange solver, with its profiled rates
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .. import tables
from ..diagnostics import Source, at, listed, shorten
from ..schema import MeasuredFile
from ..tables import Report
from ..yaml12 import Row, Table
from . import aiconfigurator, inferencex, json_text, melange, own
from .entries import Entry, Reading, collected
from .names import Names

_ABOUT_PROFILES = ("input_tokens", "output_tokens", "ttft_ms", "tpot_ms", "accelerators")
"""keys of a `MeasuredFile` that only a Melange profile leaves open"""
_KNOWN = "known are: CSV with the columns of a measured row, aiconfigurator's CSV, InferenceX and Melange JSON"


def read(document: Table, folder: Path, report: Report) -> None:
    """Replace every file name under `throughput.measured` by the rows that it holds; report what is wrong with it."""
    throughput = document.get("throughput")
    measured = throughput.get("measured") if isinstance(throughput, Table) else None
    if isinstance(measured, str):
        named = Table()
        named.put("file", throughput.keys_at["measured"], measured, throughput.values_at["measured"])
        entries = Row()
        entries.put(named, throughput.values_at["measured"])
    elif isinstance(measured, Row):
        entries = measured
    else:
        return
    names, rows = Names(document), Row()
    for entry, span in zip(entries, entries.values_at, strict=True):
        found = _file_rows(entry, folder, names, report)
        for row, place in zip(found, found.values_at, strict=True) if found is not None else [(entry, span)]:
            rows.put(row, place)
    throughput["measured"] = rows


def _file_rows(entry: Any, folder: Path, names: Names, report: Report) -> Row | None:
    """The rows of the file that an entry names; None if it names none, or not in a way that the schema takes."""
    if not isinstance(entry, Table) or not isinstance(entry.get("file"), str):
        return None
    try:
        about = MeasuredFile.model_validate(entry)
    except ValidationError:
        return None
    where = entry.values_at["file"]
    source = tables.source_named(folder, about.file, where, report)
    return _rows(Reading(source, about, where, names, report)) if source else Row()


def _rows(file: Reading) -> Row:
    """The rows of a file of whatever kind."""
    if any(line.strip() for line in file.source.lines) and _first_character(file.source) in "{[":
        found = json_text.entries(file.source, file.report)
        return Row() if found is None else _json_rows(file, found)
    if _says_too_much(file):
        return Row()
    if aiconfigurator.recognises(tables.header(file.source)):
        return _collected(file, aiconfigurator.entries(file.source, file.report), aiconfigurator.row)
    return own.rows(file.source, file.about, file.report)


def _json_rows(file: Reading, found: list[Entry]) -> Row:
    if melange.recognises(found):
        return _collected(file, melange.entries(found, file), melange.row)
    if inferencex.recognises(found):
        return Row() if _says_too_much(file) else _collected(file, found, inferencex.row)
    span = found[0].where if found else file.where
    file.report(at(span, "E027", f"{shorten(file.about.file)} holds no measurements of a known form", _KNOWN))
    return Row()


def _collected(file: Reading, found: list[Entry], read_one: Callable[[Entry, Names], dict[str, Any]]) -> Row:
    def one(entry: Entry) -> dict[str, Any]:
        row = read_one(entry, file.names)
        return row if file.about.model is None else row | {"model": file.about.model}

    return collected(found, one, file.report)


def _says_too_much(file: Reading) -> bool:
    """Whether the instance states what the file states itself; reported, because it would be ignored."""
    extra = [key for key in _ABOUT_PROFILES if getattr(file.about, key) is not None]
    if extra:
        message = f"{shorten(file.about.file)} says itself what {listed(extra)} {'is' if len(extra) == 1 else 'are'}"
        file.report(at(file.where, "E021", message, "leave it out: only a Melange profile needs it"))
    return bool(extra)


def _first_character(source: Source) -> str:
    return next(line.strip() for line in source.lines if line.strip())[0]
