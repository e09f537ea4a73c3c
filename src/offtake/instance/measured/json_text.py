"""JSON text -> its entries, each with the line on which it begins."""

from __future__ import annotations

import bisect
import itertools
import json
from collections.abc import Callable
from typing import Any

from ..diagnostics import Source, Span, at
from ..tables import Report
from ..yaml12 import MAX_DEPTH
from .entries import Entry

_SPACE = " \t\n\r"
_ANEW = "write the file anew with the tool it is from"


class _NotJson(Exception):
    def __init__(self, message: str, position: int):
        super().__init__(message)
        self.message, self.position = message, position


def entries(source: Source, report: Report) -> list[Entry] | None:
    """The entries of a list of objects, or the one object of a file; None, reported, if it is neither."""
    text, span = "\n".join(source.lines), _spans(source)
    try:
        values = _values(text)
    except _NotJson as error:
        report(at(span(error.position), "E027", f"this is not JSON: {error.message}", _ANEW))
        return None
    except RecursionError:
        report(at(span(0), "E017", "nested too deeply", f"results nest {MAX_DEPTH} levels at most"))
        return None
    alone = text.lstrip(_SPACE)[:1] != "["
    found = []
    for number, (position, value) in enumerate(values, 1):
        if not isinstance(value, dict):
            report(at(span(position), "E027", f"entry {number} is no object", "a list of results holds objects: {...}"))
            return None
        found.append(Entry(span(position), "" if alone else f"entry {number}", value))
    return found


def _values(text: str) -> list[tuple[int, Any]]:
    """(where it begins, value) of each item of a list, or of the one value of the text."""
    begin = _skip(text, 0)
    if text[begin] != "[":
        value, end = _decoded(text, begin)
        _expect_end(text, end)
        return [(begin, value)]
    found, at = [], _skip(text, begin + 1)
    while text[at : at + 1] != "]":
        value, end = _decoded(text, at)
        found.append((at, value))
        at = _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "]":
            raise _NotJson("a comma or the end of the list is missing", at)
    _expect_end(text, at + 1)
    return found


def _decoded(text: str, begin: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, begin)
    except json.JSONDecodeError as error:
        raise _NotJson(f"{error.msg[0].lower()}{error.msg[1:]}", error.pos) from None
    except ValueError as error:
        raise _NotJson(str(error), begin) from None


def _constant(word: str) -> None:
    raise ValueError(f"{word} is not a number")


_DECODER = json.JSONDecoder(parse_constant=_constant)


def _expect_end(text: str, begin: int) -> None:
    rest = _skip(text, begin)
    if rest < len(text):
        raise _NotJson("something follows the end", rest)


def _skip(text: str, begin: int) -> int:
    while begin < len(text) and text[begin] in _SPACE:
        begin += 1
    return begin


def _spans(source: Source) -> Callable[[int], Span]:
    """Position in the lines joined by newlines -> the rest of its line from there on."""
    begins = list(itertools.accumulate((len(line) + 1 for line in source.lines[:-1]), initial=0))

    def span(position: int) -> Span:
        line = bisect.bisect_right(begins, position) - 1
        column = position - begins[line]
        return Span(source, line, column, line, max(len(source.lines[line].rstrip()), column + 1))

    return span
