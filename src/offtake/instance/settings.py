"""Settings of the command line, `--set offers.x.terms.0.months=24`: written into the document before it is checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from . import files, json_schema
from .diagnostics import Diagnostic, Source, Span, at, shorten
from .sentences import Path, place, suggestion
from .structure import CATALOGUES
from .yaml12 import Row, Table, parse

NAME = "--set"
"""what messages call the place of a setting"""


class _Unknown(Exception):
    """A path that leads nowhere: message, help and the columns of the path at fault."""


def apply(document: Table, settings: Sequence[str], report: Callable[[Diagnostic], None]) -> None:
    """Write every setting into the document, in order; report those that cannot be."""
    for setting in settings:
        try:
            diagnostics = _apply(document, setting)
        except files.Unreadable as error:
            diagnostics = [error.diagnostic]
        for diagnostic in diagnostics:
            report(diagnostic)


def _apply(document: Table, setting: str) -> list[Diagnostic]:
    source = files.text_source(setting, NAME)
    name, equals, _ = setting.partition("=")
    if not equals or not name:
        help = f"{NAME} finance.terminal=none"
        return [at(Span(source, 0, 0, 0, len(setting)), "E030", "a setting is written key=value", help)]
    value, problems = parse(source, len(name) + 1)
    if not value and problems[-1].line is None:
        help = f"{NAME} finance.terminal=none"
        return [at(Span(source, 0, 0, 0, len(setting)), "E030", f"{name} is given no value", help)]
    if not value:
        return problems
    try:
        _assign(document, name, source, value[0], value.values_at[0])
    except _Unknown as error:
        message, help, begin, end = error.args
        return [at(Span(source, 0, begin, 0, end), "E030", message, help)]
    return problems


def _assign(document: Table, name: str, source: Source, value: Any, value_at: Span) -> None:
    """Walk the dotted name from the root; tables that the file leaves out are made. Raises _Unknown."""
    holder: Table | Row = document
    path: Path = ()
    column = 0
    while True:
        key = _key(document, holder, path, name[column:], column)
        end = column + len(str(key))
        key_at = Span(source, 0, column, 0, end)
        if end == len(name):
            _put(holder, key, key_at, value, value_at)
            return
        path, column = (*path, key), end + 1
        if isinstance(holder, Table) and key not in holder:
            if json_schema.at(path, document).get("type") == "array":
                help = f"set {place(path)} itself, as a list"
                raise _Unknown(f"{place(path)} has no entries", help, column, len(name))
            holder.put(key, key_at, Table(), key_at)
        holder = holder[key]
        if not isinstance(holder, Table | Row):
            help = f"set {place(path)} itself"
            raise _Unknown(f"{place(path)} is {shorten(str(holder))} and has no keys", help, column, len(name))


def _put(holder: Table | Row, key: Any, key_at: Span, value: Any, value_at: Span) -> None:
    if isinstance(holder, Table):
        holder.put(key, key_at, value, value_at)
    else:
        holder[key], holder.values_at[key] = value, value_at


def _key(document: Table, holder: Table | Row, path: Path, rest: str, column: int) -> str | int:
    """The key with which the rest of the name begins. Ids may hold dots, so keys that exist are tried first."""
    first = rest.split(".")[0]
    if not first:
        raise _Unknown("a key is missing in the name", "keys are separated by single dots", column, column + 1)
    if isinstance(holder, Row):
        if first.isdecimal() and int(first) < len(holder):
            return int(first)
        help = f"entries are counted from 0; the last is {len(holder) - 1}" if holder else "it is empty"
        raise _Unknown(f"{place(path)} has no entry {first}", help, column, column + len(first))
    node = json_schema.at(path, document)
    facts = CATALOGUES[path[0]]() if len(path) == 1 and path[0] in CATALOGUES else {}
    options = list(dict.fromkeys([*node.get("properties", {}), *holder, *facts]))
    known = [key for key in options if rest == str(key) or rest.startswith(f"{key}.")]
    if known:
        return max(known, key=lambda key: len(str(key)))
    entry = json_schema.at((*path, first), document)
    if "properties" in node or "properties" in entry or "oneOf" in entry or not entry:
        help = suggestion(first, options, "keys here")
        where = f"{place(path)} has" if path else "there is"
        raise _Unknown(f"{where} no key {first}", help, column, column + len(first))
    return first if "additionalProperties" in entry else _without_month(rest, entry)


def _without_month(rest: str, entry: json_schema.Node) -> str:
    """`lease` of `lease.2026-12`, where an entry may be a value by month: ids may hold dots."""
    key, _, month = rest.rpartition(".")
    patterns = [option["propertyNames"]["pattern"] for option in entry.get("anyOf", []) if "propertyNames" in option]
    return key if key and any(re.fullmatch(pattern, month) for pattern in patterns) else rest
