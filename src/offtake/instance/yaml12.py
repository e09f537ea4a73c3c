"""YAML text -> plain data that remembers where every key and value stands.

The data are those of the YAML 1.2 core schema. What the two versions of YAML read differently is an error, and so is
what an instance has no use for: anchors and aliases (no alias bombs), tags, further documents, keys that are not
text, values that are absent, numbers that are not finite. The events of libyaml are read one by one
and nesting is limited, because libyaml's own composer recurses on the C stack and dies of deep nesting.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from .diagnostics import Diagnostic, Source, Span, at, general, shorten

MAX_DEPTH = 32
MAX_EVENTS = 1_000_000
LARGEST = 1e30
"""magnitude beyond which a number is taken for a slip; the largest meant is about 1e27 (FLOPs of a training run)"""

_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_RADIX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_CONSTANTS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_SPECIAL = frozenset("+-.0123456789~tTfFnNyYoO")
"""first characters of plain scalars that may be more than text"""

_BOOLEAN_1_1 = re.compile(r"(?i:yes|no|on|off)")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?")
_UNDERSCORES = re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?")
_BINARY = re.compile(r"[-+]?0b[01_]+")

MAGNITUDES = "magnitudes lie between 1e-30 and 1e30"
SHALLOW = "an instance needs eight levels at most"
LEAVE_OUT = "write a value, or leave the key out"
_SHORTER = "long tables belong in CSV files beside the instance"
_EMPTY = "`offtake new DIR` writes an instance to begin with"
_WRITE_OUT = "write the value out wherever it is needed"


class Table(dict):
    """A mapping of the file. `keys_at` and `values_at`: key -> Span."""

    __slots__ = ("keys_at", "values_at")

    def __init__(self) -> None:
        super().__init__()
        self.keys_at: dict[Any, Span] = {}
        self.values_at: dict[Any, Span] = {}

    def put(self, key: Any, key_at: Span, value: Any, value_at: Span) -> None:
        self[key] = value
        self.keys_at[key] = key_at
        self.values_at[key] = value_at


class Row(list):
    """A list of the file. `values_at[i]`: Span."""

    __slots__ = ("values_at",)

    def __init__(self) -> None:
        super().__init__()
        self.values_at: list[Span] = []

    def put(self, value: Any, value_at: Span) -> None:
        self.append(value)
        self.values_at.append(value_at)


class Stop(Exception):
    """Reading cannot go on; `diagnostic` says why."""

    def __init__(self, diagnostic: Diagnostic):
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def parse(source: Source, begin: int = 0) -> tuple[Row, list[Diagnostic]]:
    """The one document of a text, in a Row of length 1 (0 if there is none), and every error found on the way.

    `begin`: columns of the first line that are not YAML.
    """
    reader = _Reader(source, begin)
    root = Row()
    try:
        reader.document(root)
    except Stop as stop:
        root = Row()
        reader.problems.append(stop.diagnostic)
    finally:
        reader.events.dispose()
    return root, reader.problems


class _Reader:
    """Recursive descent over the events of one text; the depth is limited before it recurses."""

    def __init__(self, source: Source, begin: int):
        self.source = source
        self.events = _PARSER(" " * begin + "\n".join(source.lines)[begin:])
        self.problems: list[Diagnostic] = []
        self.depth = 0
        self.count = 0

    def document(self, root: Row) -> None:
        """Read the document into `root`."""
        self._next()
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            raise Stop(general("E003", self.source.path, "the file is empty", _EMPTY))
        event = self._next()
        value, span = self._value(event)
        if value is None and isinstance(event, yaml.ScalarEvent):
            raise Stop(general("E003", self.source.path, "the file is empty", _EMPTY))
        root.put(value, span)
        self._next()
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            raise Stop(self._at(event, "E004", "a second document begins here", "an instance is one document"))

    def _next(self) -> yaml.Event:
        self.count += 1
        try:
            event = self.events.get_event()
        except yaml.YAMLError as error:
            raise Stop(_syntax_error(self.source, error)) from None
        if self.count > MAX_EVENTS:
            raise Stop(self._at(event, "E017", f"the file holds more than {MAX_EVENTS} keys and values", _SHORTER))
        return event

    def _value(self, event: yaml.Event) -> tuple[Any, Span]:
        """The value that begins with this event."""
        if isinstance(event, yaml.ScalarEvent):
            span = self._span(event)
            return self._scalar(event, span), span
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, "E004", "aliases (*) are not part of the format", _WRITE_OUT)
            return None, self._span(event)
        if self.depth == MAX_DEPTH:
            raise Stop(self._at(event, "E017", f"nested more than {MAX_DEPTH} levels deep", SHALLOW))
        self._properties(event)
        self.depth += 1
        mapping = isinstance(event, yaml.MappingStartEvent)
        value, end = self._table() if mapping else self._row()
        self.depth -= 1
        start, last = event.start_mark, end.end_mark if event.flow_style else event.start_mark
        return value, Span(self.source, start.line, start.column, last.line, last.column)

    def _table(self) -> tuple[Table, yaml.Event]:
        table = Table()
        written: dict[str, Span] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            before = len(self.problems)
            key, key_at = self._key(event)
            event = self._next()
            value, value_at = self._value(event)
            if key is None:
                continue
            if value is None and isinstance(event, yaml.ScalarEvent):
                value_at = key_at
                self.problems[before:] = [self._absent(str(key), key_at)]
            first = written.setdefault(str(key), key_at)
            if first is not key_at:
                also = ((first, "first here"),)
                self.problems.append(
                    at(key_at, "E005", f"{shorten(str(key))} is written twice", "keep one", "again here", also)
                )
                continue
            table.put(key, key_at, value, value_at)
        return table, event

    def _row(self) -> tuple[Row, yaml.Event]:
        row = Row()
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            value, span = self._value(event)
            if value is None and isinstance(event, yaml.ScalarEvent):
                self.problems.append(
                    at(span, "E009", "an entry of this list has no value", "write it, or leave it out")
                )
            row.put(value, span)
        return row, event

    def _absent(self, key: str, span: Span) -> Diagnostic:
        """A key whose value is null or nothing."""
        help = LEAVE_OUT
        if ":" in key:
            help = "put a space after the colon"
        elif key.isdigit():
            help = "numbers have no commas: write 1000 for 1,000"
        return at(span, "E009", f"{shorten(key)} has no value", help)

    def _key(self, event: yaml.Event) -> tuple[str | int | None, Span]:
        """A key: text, or a whole number (a year). None if it is neither, with the error noted."""
        if not isinstance(event, yaml.ScalarEvent):
            found = "a mapping" if isinstance(event, yaml.MappingStartEvent) else "a list"
            found = "an alias" if isinstance(event, yaml.AliasEvent) else found
            self._refuse(event, "E008", f"{found} cannot be a key", "a key is text")
            return None, self._value(event)[1]
        span = self._span(event)
        key = self._scalar(event, span, as_key=True)
        if isinstance(key, str) or type(key) is int:
            return key, span
        written = shorten(event.value)
        help = f'write "{written}" in quotes if it is a name' if written else "write a key before the colon"
        self.problems.append(at(span, "E008", "a key must be text", help, f"got {written or 'nothing'}"))
        return None, span

    def _scalar(self, event: yaml.ScalarEvent, span: Span, as_key: bool = False) -> Any:
        self._properties(event)
        text = event.value
        if event.style:  # quoted, or a block of text
            if not text.isprintable() and any(ord(c) < 32 and c not in "\t\n" for c in text):
                self.problems.append(at(span, "E002", "text may hold no control characters", "leave the escape out"))
            return text
        if text and text[0] not in _SPECIAL:
            return text
        try:
            return resolve(text)
        except Ambiguous as error:
            label, help = error.args
            help = f'write "{shorten(text)}" in quotes' if as_key else help
            message = f"{shorten(text)} means different things in YAML 1.1 and YAML 1.2"
            self.problems.append(at(span, "E006", message, help, label))
        except ValueError as error:
            message, help = error.args
            self.problems.append(at(span, "E007", message, help, f"got {shorten(text)}"))
        return text

    def _properties(self, event: yaml.Event) -> None:
        """Anchors and tags are refused; the value itself is still read."""
        if event.anchor is not None:
            self._refuse(event, "E004", "anchors (&) are not part of the format", _WRITE_OUT)
        if event.tag is not None:
            self._refuse(event, "E004", "tags (!) are not part of the format", "leave the tag out")

    def _span(self, event: yaml.Event) -> Span:
        start, end = event.start_mark, event.end_mark
        return Span(self.source, start.line, start.column, end.line, end.column)

    def _refuse(self, event: yaml.Event, code: str, message: str, help: str) -> None:
        self.problems.append(self._at(event, code, message, help))

    def _at(self, event: yaml.Event, code: str, message: str, help: str) -> Diagnostic:
        start = event.start_mark
        return at(Span(self.source, start.line, start.column, start.line, start.column + 1), code, message, help)


class Ambiguous(ValueError):
    """A plain scalar that YAML 1.1 and 1.2 read differently: arguments are what it may be, and the help."""


def resolve(text: str) -> Any:
    """A plain scalar by the YAML 1.2 core schema; a number without a fraction is an int.

    Raises Ambiguous where YAML 1.1 would differ, and ValueError(message, help) for numbers that are not
    finite, above LARGEST, or below its inverse and not zero.

    >>> resolve("1e9"), resolve("0x10"), resolve("2026-06"), resolve("true"), resolve("~")
    (1000000000, 16, '2026-06', True, None)
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _LEADING_ZERO.fullmatch(text):
        raise Ambiguous(_octal(text), f'write {_plain(text)}, or "{shorten(text)}" in quotes if it is a name')
    if NUMBER.fullmatch(text):
        return number(text)
    if _RADIX.fullmatch(text):
        if len(text) > 24:
            raise ValueError("the number is too large", MAGNITUDES)
        return int(text, 0)
    if _NOT_FINITE.fullmatch(text):
        raise ValueError("a number must be finite", "write a number, or leave the key out for no limit")
    if _BOOLEAN_1_1.fullmatch(text):
        meant = "true" if text.lower() in ("yes", "on") else "false"
        raise Ambiguous(f"{meant} or text", f'write {meant}, or "{text}" in quotes for the text')
    if _SEXAGESIMAL.fullmatch(text):
        raise Ambiguous(
            "a number to base 60, or text", f'write a plain number, or "{shorten(text)}" in quotes for the text'
        )
    if _UNDERSCORES.fullmatch(text) or _BINARY.fullmatch(text):
        raise Ambiguous("a number or text", f'write a plain number, or "{shorten(text)}" in quotes for the text')
    return text


def number(text: str) -> int | float:
    """What matches NUMBER as an int or a float. Raises ValueError(message, help) as `resolve` does."""
    value = float(text)
    if abs(value) > LARGEST:
        raise ValueError("the number is too large", MAGNITUDES)
    if abs(value) < 1 / LARGEST and any(c in "123456789" for c in re.split("[eE]", text)[0]):
        raise ValueError("the number is too small", MAGNITUDES)
    if _INTEGER.fullmatch(text):
        return int(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _octal(text: str) -> str:
    """What the versions of YAML make of digits with a leading zero."""
    digits = text.lstrip("+-")
    old = int(digits, 8) if len(digits) < 12 and set(digits) <= set("01234567") else None
    return f"{old if old is not None else 'text'} or {_plain(text)}"


def _plain(text: str) -> str:
    """Digits without their leading zeros."""
    return shorten((text[0] if text[0] == "-" else "") + (text.lstrip("+-0") or "0"))


_CHECK = "check this line and the one above; text with special characters stands in quotes"

_CANNOT_BEGIN = {
    "\t": ("a tab cannot indent YAML", "indent with spaces"),
    **{c: (f"a value cannot begin with {c}", "put it in quotes") for c in "@`%&*!|>"},
}

_SYNTAX: dict[str, tuple[str, str]] = {
    "mapping values are not allowed in this context": (
        "a colon stands where no key can",
        'a key begins a new line, in the column of its neighbours; put text that holds ": " in quotes',
    ),
    "could not find expected ':'": ("a key needs a colon and a space after it", "write key: value"),
    "did not find expected key": ("this line fits none of the keys above", "keys of one mapping begin in one column"),
    "did not find expected '-' indicator": (
        "this line fits none of the entries above",
        "entries of one list begin with - in one column",
    ),
    "did not find expected ',' or '}'": ("this mapping is not closed", "separate keys by commas and close it with }"),
    "did not find expected ',' or ']'": ("this list is not closed", "separate entries by commas and close it with ]"),
    "did not find expected node content": ("a value is missing here", "write it, or close the bracket"),
    "found unexpected end of stream": ("a quote is not closed", "close it with the same quote"),
    "found unknown escape character": (
        "an unknown escape in double quotes",
        "use single quotes, or \\\\ for a backslash",
    ),
    "did not find expected <document start>": (
        "something follows the end of the document",
        "an instance is one mapping",
    ),
    "did not find expected comment or line break": (
        "something follows | or >",
        "text after | or > begins on the next line; put other text in quotes",
    ),
    "found unexpected ':'": ("a colon inside brackets needs a space after it", "put text that holds a colon in quotes"),
    "mapping keys are not allowed in this context": ("a value cannot begin with ?", "put it in quotes"),
    "found a tab character that violates indentation": ("a tab cannot indent YAML", "indent with spaces"),
    "block sequence entries are not allowed in this context": ("a list cannot begin here", "begin it on a new line"),
    "did not find expected alphabetic or numeric character": ("a value cannot begin with & or *", "put it in quotes"),
}
"""libyaml's words -> ours, and the help"""


def _syntax_error(source: Source, error: yaml.YAMLError) -> Diagnostic:
    """libyaml's complaint as a sentence at its place; where something was opened and never closed, that place too."""
    problem, mark, opened = (getattr(error, name, None) for name in ("problem", "problem_mark", "context_mark"))
    if mark is None:
        return general("E003", source.path, f"this is not YAML: {problem or error}", _CHECK)
    if problem in ("found unexpected end of stream", "could not find expected ':'") and opened is not None:
        mark, opened = opened, None
    line = min(mark.line, len(source.lines) - 1)
    column = min(mark.column, len(source.lines[line])) if line == mark.line else len(source.lines[line])
    span = Span(source, line, column, line, column + 1)
    message, help = _SYNTAX.get(problem, (f"this is not YAML: {problem}", _CHECK))
    if problem == "found character that cannot start any token":
        message, help = _CANNOT_BEGIN.get(span.text[0], (message, help))
    elif problem == "did not find expected key" and source.lines[line][:column].strip():
        message, help, opened = "something follows the value", "put the whole value in one pair of quotes", None
    also: tuple[tuple[Span, str], ...] = ()
    if opened is not None and opened.line < line and ("closed" in message or "fits" in message):
        also = ((Span(source, opened.line, opened.column, opened.line, opened.column + 1), "opened here"),)
    return at(span, "E003", message, help, also=also)
