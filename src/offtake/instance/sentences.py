"""What the classes of `schema.py` refuse, as sentences: one for each place, not one for each alternative tried."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from . import json_schema
from .diagnostics import listed, shorten
from .schema import ID_PATTERN, NOT_YET
from .yaml12 import NUMBER

Path = tuple[str | int, ...]
"""keys from the root of the document"""


@dataclass(frozen=True)
class Finding:
    """One error or warning, at a path of the document."""

    code: str
    path: Path
    message: str
    help: str
    label: str | None = None
    """None: what was found there"""
    at: Literal["key", "value"] = "value"
    also: tuple[tuple[Path, str], ...] = ()
    """further places, with their labels"""


def nearest(word: object, options: Iterable[object]) -> str | None:
    """The option that the word was probably meant to be."""
    names = {str(option).lower().replace("_", "-"): str(option) for option in options}
    near = difflib.get_close_matches(str(word).lower().replace("_", "-"), names, n=1, cutoff=0.6)
    return names[near[0]] if near else None


def suggestion(word: object, options: Iterable[object], known: str) -> str:
    """`did you mean x?`, or else what there is."""
    names = [str(option) for option in options]
    near = nearest(word, names)
    if near is not None:
        return f"did you mean {near}?"
    return f"{known}: {listed(names)}" if names else f"{known}: none"


def findings(errors: list[dict[str, Any]], prefix: Path, document: Any) -> list[Finding]:
    """Sentences for pydantic's errors on the value at `prefix` of the document."""
    missing: dict[Path, list[str]] = {}
    found: dict[tuple[Path, bool], dict[str, Any]] = {}
    for error in errors:
        path, of_key = _path(error, prefix, document)
        if error["type"] == "missing":
            missing.setdefault(path, []).append(str(error["loc"][-1]))
            continue
        rival = found.setdefault((path, of_key), error)
        if rival["type"].endswith("_type"):
            found[path, of_key] = error
    deeper = {path[:depth] for path in (*missing, *(path for path, _ in found)) for depth in range(len(path))}
    deeper |= set(missing)
    return [_missing(path, keys, document) for path, keys in missing.items()] + [
        _key_finding(path, document) if of_key else _finding(error, path, document)
        for (path, of_key), error in found.items()
        if path not in deeper or not error["type"].endswith("_type")
    ]


def _path(error: dict[str, Any], prefix: Path, document: Any) -> tuple[Path, bool]:
    """Where the error stands in the document, and whether it is about the key; for a missing key, what lacks it.

    pydantic's location also names the alternatives of unions, which are no keys of the document.
    """
    path, value = prefix, _get(document, prefix)
    location, of_key = list(error["loc"]), "[key]" in error["loc"]
    if of_key:
        location = location[: location.index("[key]")]
    elif error["type"] == "missing":
        location.pop()
    for step in location:
        if (isinstance(value, dict) and step in value) or (isinstance(value, list) and isinstance(step, int)):
            path, value = (*path, step), value[step]
    return path, of_key


def _get(document: Any, path: Path) -> Any:
    for key in path:
        document = document[key]
    return document


def _finding(error: dict[str, Any], path: Path, document: Any) -> Finding:
    """One sentence for one error."""
    kind, value = error["type"], error["input"]
    if kind in ("extra_forbidden", "invalid_key"):
        return _unknown_key(path, document)
    node = json_schema.at(path, document)
    name, help = title(path, document), _description(path, document)
    if kind.startswith("union_tag"):
        return _wrong_tag(path, value)
    if kind == "literal_error":
        allowed = [_word(option) for option in node.get("enum", [node.get("const")])]
        return Finding("E014", path, f"{name} must be {listed(allowed, 'or')}", _did_you_mean(value, allowed) or help)
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        lowest, highest = (node.get(f"{m}imum", node.get(f"exclusive{m.title()}imum")) for m in ("min", "max"))
        share = (lowest, highest) == (0, 1)
        if kind.startswith("greater") and highest is not None and highest >= _FOR_SLIPS:
            node = {key: bound for key, bound in node.items() if key != "maximum"}
        return Finding("E012", path, f"{name} must {_range(node)}", "write 0.12 for twelve percent" if share else help)
    if kind == "month":
        return Finding("E013", path, f"{name} must be a month written YYYY-MM", _month_help(value))
    if kind == "string_pattern_mismatch" and node.get("pattern") != ID_PATTERN:
        return Finding("E013", path, f"{name} is not written as it must be", help)
    if kind == "string_pattern_mismatch":
        return Finding("E015", path, f"{name} must be an id", _ID)
    if kind in ("too_short", "too_long", "string_too_short", "string_too_long"):
        return Finding("E012", path, f"{name} must have {_length(node)}", help)
    return Finding("E013", path, f"{name} must be {_noun(node)}", _type_help(node, value) or help)


_FOR_SLIPS = 1_000_000
"""upper bounds from here on are only there to find slips: what is too low is not told of them"""
_WORKLOADS = ["interactive", "batch", "training", "rl"]
_ID = "ids are letters, digits, dots, hyphens and underscores, at most 80, and begin with a letter or a digit"


def title(path: Path, document: Any) -> str:
    """How messages call the value at a path: its key; `table.key` in a table; `entry 2 of list`."""
    if not path:
        return "the instance"
    last = path[-1]
    if isinstance(last, int) and isinstance(_get(document, path[:-1]), list):
        return f"entry {last + 1} of {path[-2]}"
    if len(path) > 1 and last not in json_schema.at(path[:-1], document).get("properties", {}):
        return f"{path[-2]}.{shorten(str(last))}"
    return shorten(str(last))


def _description(path: Path, document: Any) -> str:
    """What the schema says of the key; of the table or list, if the value is one of its entries."""
    while path:
        node = json_schema.at(path[:-1], document).get("properties", {}).get(path[-1])
        if node is not None and "description" in node:
            return f"{path[-1]}: {node['description']}"
        path = path[:-1]
    return ""


def place(path: Path) -> str:
    """The dotted path of a value."""
    return ".".join(str(key) for key in path)


def _missing(path: Path, keys: list[str], document: Any) -> Finding:
    message = f"{place(path) or 'the instance'} lacks the key{'s' * (len(keys) > 1)} {listed(keys)}"
    words = ((key, json_schema.at((*path, key), document).get("description")) for key in keys[:3])
    help = "; ".join(f"{key}: {meaning}" for key, meaning in words if meaning)
    if not path and "format" in keys:
        help = "an instance begins with the line format: offtake/1"
    return Finding("E011", path, message, help, "", "key")


def _unknown_key(path: Path, document: Any) -> Finding:
    for pattern, what in NOT_YET.items():
        if _matches(pattern, path):
            help = "this version refuses what it cannot act on: leave the key out"
            return Finding("E016", path, f"{what} are not supported yet", help, "", "key")
    key, allowed = path[-1], json_schema.at(path[:-1], document).get("properties", {})
    help = suggestion(key, allowed, "keys here") if key not in allowed else "it does not go with the other keys here"
    inside = [name for name in allowed if key in _keys_inside((*path[:-1], name), document)]
    if len(inside) == 1 and key not in allowed:
        help = f"it stands under {inside[0]}: write {inside[0]}: {{{key}: ...}}"
    if key == "<<":
        help = "merge keys are not part of the format: write the keys out"
    return Finding("E010", path, f"unknown key {shorten(str(key))}", help, "", "key")


def _keys_inside(path: Path, document: Any) -> dict[str, Any]:
    """The keys of a table, whether it is there or not."""
    return json_schema.at(path, document).get("properties", {})


def _wrong_tag(path: Path, value: Any) -> Finding:
    """An entry that belongs to none of the kinds: workloads by their `kind`, groups by the rule they state."""
    if path[0] == "groups":
        return Finding("E011", path, "this group states no rule", "write at_most, at_least, requires or exclusive", "")
    if "kind" not in value:
        help = f"kind: {listed(_WORKLOADS, 'or')}"
        return Finding("E011", path, f"{place(path)} lacks the key kind", help, "", "key")
    path, value = (*path, "kind"), value["kind"]
    message = f"kind must be {listed(_WORKLOADS, 'or')}"
    help = (
        _did_you_mean(value, _WORKLOADS)
        or "interactive: somebody waits for each answer; batch: it may wait for days; training: a run with a deadline; "
        "rl: a run that learns from what it generates"
    )
    return Finding("E014", path, message, help)


def _matches(pattern: str, path: Path) -> bool:
    wanted = pattern.split(".")
    return len(wanted) == len(path) and all(w in ("*", str(key)) for w, key in zip(wanted, path, strict=True))


def _key_finding(path: Path, document: Any) -> Finding:
    """A key of a table that is no id, no month or no family."""
    key, node = path[-1], json_schema.at(path[:-1], document).get("propertyNames", {})
    if "enum" in node:
        return Finding(
            "E014",
            path,
            f"{path[-2]} is by {listed(node['enum'], 'or')}",
            _did_you_mean(key, node["enum"]) or "families of accelerators",
            at="key",
        )
    if node.get("pattern") == json_schema.YEAR:
        message = f"a key of {path[-2]} must be a year"
        return Finding("E013", path, message, "a calendar year is written 2026", at="key")
    if "0[1-9]" in node.get("pattern", ""):
        what = "a year or a month written YYYY-MM" if node["pattern"].endswith("?$") else "a month written YYYY-MM"
        return Finding("E013", path, f"a key of {path[-2]} must be {what}", _month_help(key), at="key")
    help = _ID if isinstance(key, str) else f'write "{key}" in quotes'
    return Finding("E015", path, f"a key of {path[-2]} must be an id", help, at="key")


def _range(node: json_schema.Node) -> str:
    """The bounds as words after "must".

    >>> _range({"minimum": 0, "maximum": 1}), _range({"exclusiveMinimum": 0, "maximum": 1}), _range({"minimum": 0})
    ('lie between 0 and 1', 'be above 0 and at most 1', 'not be negative')
    """
    keys = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
    least, above, most, below = (_grouped(node.get(key)) for key in keys)
    if least is not None and most is not None:
        return f"lie between {least} and {most}"
    if least == "0" and below is None:
        return "not be negative"
    words = (("at least", least), ("above", above), ("at most", most), ("below", below))
    return "be " + " and ".join(f"{word} {bound}" for word, bound in words if bound is not None)


def _grouped(bound: float | None) -> str | None:
    """A bound with its thousands apart."""
    return None if bound is None else f"{int(bound):,}" if float(bound).is_integer() else f"{bound:,}"


def _length(node: json_schema.Node) -> str:
    """How long text or a list must be, as words after "must have"."""
    unit, least, most = "entries", node.get("minItems", node.get("minProperties")), node.get("maxItems")
    if node.get("type") == "string":
        unit, least, most = "characters", node.get("minLength"), node.get("maxLength")
    if least is not None and most is not None:
        return f"{least} {unit}" if least == most else f"{least} to {most} {unit}"
    if most is None:
        return f"at least {least} {unit}" if least != 1 else "at least one entry"
    return f"at most {most} {unit}"


_NOUNS = {
    "number": "a number",
    "integer": "a whole number",
    "string": "text",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}


def _noun(node: json_schema.Node) -> str:
    options = node.get("anyOf", node.get("oneOf"))
    if options:
        return listed(list(dict.fromkeys(_noun(option) for option in options)), "or")
    if "$ref" in node:
        return "a mapping"
    return _NOUNS.get(node.get("type", ""), "something else")


def _type_help(node: json_schema.Node, value: Any) -> str:
    """How to write what was meant."""
    wanted = {node.get("type")} | {option.get("type") for option in node.get("anyOf", [])}
    if isinstance(value, str) and wanted & {"number", "integer"}:
        return _number_help(value)
    if "array" in wanted and node.get("items", {}).get("type") in ("string", "number") and not isinstance(value, dict):
        return f"write a list: [{shorten(_word(value))}]"
    if "object" in wanted and "properties" in node:
        return f"its keys: {listed(list(node['properties']))}"
    if "string" in wanted and isinstance(value, int | float):
        return f'write "{_word(value)}" in quotes'
    return ""


def _number_help(text: str) -> str:
    bare = re.sub(r"(?<=\d)[ ,_'](?=\d)", "", text.strip())
    if NUMBER.fullmatch(bare):
        return f"write {bare} without quotes" if bare == text.strip() else f"write {bare}"
    if bare.endswith("%") and NUMBER.fullmatch(bare[:-1].strip()):
        return f"write {float(bare[:-1]) / 100:g}"
    if bare.lower().strip("+-.") in ("nan", "inf", "infinity", ""):
        return "write a finite number"
    if re.match(r"[-+$]?[.\d]", bare):
        return "write the number alone: the key says its unit"
    return ""


def _month_help(value: Any) -> str:
    found = re.match(r"(2[01]\d\d)[-/]?(1[0-2]|0?[1-9])(?!\d)", str(value))
    return f"write {found[1]}-{int(found[2]):02d}" if found else "June 2026 is written 2026-06"


def _did_you_mean(word: object, options: Iterable[object]) -> str:
    near = nearest(word, options)
    return f"did you mean {near}?" if near else ""


def _word(value: Any) -> str:
    """A scalar as YAML writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
