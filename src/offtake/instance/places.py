"""Findings, which know the path of a key, -> diagnostics, which know its line and column."""

from __future__ import annotations

import json
from typing import Any

from .diagnostics import Diagnostic, Span, at, general, shorten
from .sentences import Finding, Path, place
from .yaml12 import Row, Table

_LABEL = 40
"""characters of a value that a label repeats"""


def located(finding: Finding, document: dict[str, Any], name: str) -> Diagnostic:
    """The diagnostic of a finding; without a line where the document has no positions."""
    span = _span(document, finding.path, finding.at == "key")
    if span is None:
        message = finding.message
        if finding.path and finding.label is None:
            message = f"{message}, got {_written(_value(document, finding.path))}"
        return general(finding.code, name, message, finding.help, place(finding.path))
    label = finding.label
    if label is None:
        label = "" if finding.at == "key" else f"got {_found(_value(document, finding.path), span)}"
    others = [(_span(document, path, finding.at == "key"), words) for path, words in finding.also]
    also = tuple((other, words) for other, words in others if other is not None and other.source is span.source)
    return at(span, finding.code, finding.message, finding.help, label, also)


def _span(document: Any, path: Path, of_key: bool) -> Span | None:
    """Where a key or a value stands; the key, where the value is a block of lines or only a default."""
    holder, span = document, None
    for depth, step in enumerate(path):
        key, last = _spelt(holder, step), depth == len(path) - 1
        if isinstance(holder, Table) and key in holder:
            span = holder.keys_at[key]
            if last and not of_key and not _is_block(holder.values_at[key]):
                span = holder.values_at[key]
        elif isinstance(holder, Row) and isinstance(key, int) and key < len(holder):
            span = holder.values_at[key]
            if _is_block(span) and isinstance(holder[key], Table) and holder[key]:
                span = next(iter(holder[key].keys_at.values()))
        else:
            return span
        holder = holder[key]
    return span


def _is_block(span: Span) -> bool:
    return (span.line, span.column) == (span.end_line, span.end_column)


def _spelt(holder: Any, key: Any) -> Any:
    """The key as the document has it: months and years may stand there as text or as numbers."""
    return key if isinstance(holder, list) or (isinstance(holder, dict) and key in holder) else str(key)


def _value(document: Any, path: Path) -> Any:
    """The value at a path; None if there is none."""
    for step in path:
        try:
            document = document[_spelt(document, step)]
        except (LookupError, TypeError):
            return None
    return document


def _found(value: Any, span: Span) -> str:
    """What stands in the file, as a label repeats it."""
    if isinstance(value, dict | list) and span.text[:1] not in "{[":
        return "a mapping" if isinstance(value, dict) else "a list"
    return shorten(span.text.strip(), _LABEL) if value != "" else "nothing"


def _written(value: Any) -> str:
    return shorten(json.dumps(value, default=str), _LABEL)
