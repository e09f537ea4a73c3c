"""Diagnostics: what is wrong, where it stands, what was found and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

CODES: dict[str, str] = {
    "E001": "the file cannot be read",
    "E002": "the file is not UTF-8 text",
    "E003": "the file is not YAML",
    "E004": "a feature of YAML that the format leaves out",
    "E005": "a key is written twice",
    "E006": "a value that YAML 1.1 and YAML 1.2 read differently",
    "E007": "a number that is not finite or far out of reach",
    "E008": "a key that is not text",
    "E009": "a key without a value",
    "E010": "an unknown key",
    "E011": "a missing key",
    "E012": "a value out of its range",
    "E013": "a value of the wrong type",
    "E014": "a value that is none of those allowed",
    "E015": "a malformed id",
    "E016": "not supported yet",
    "E017": "too large or nested too deeply",
    "E020": "an id that nothing has",
    "E021": "keys that exclude or need one another",
    "E022": "a price of zero that is not marked free",
    "E023": "dates that contradict one another",
    "E024": "periods that do not fill the horizon",
    "E025": "demand that is missing or incomplete",
    "E026": "a file that the instance names cannot be read",
    "E027": "a table that cannot be read",
    "E028": "an id used twice",
    "E029": "figures that contradict one another",
    "E030": "a setting of the command line that cannot be applied",
    "W001": "a price without a source",
    "W002": "spot dearer than on demand",
    "W003": "a dense figure that looks like the sparse one",
    "W004": "an offer that can never be used",
    "W005": "outside the horizon",
    "W006": "a list longer than what it is about",
    "W007": "a contract in force that has no month in the horizon",
    "W008": "a measured row that is not used",
    "W009": "a limit that nothing can reach",
    "W010": "an option or a break clause that cannot be used in the horizon",
    "W011": "scenarios of which nothing says when they part",
    "W012": "something that changes nothing",
}
"""Every code. E: the instance is refused; W: legal, but suspicious."""

INDENT = 4
"""columns of indentation that an excerpt keeps"""
WIDTH = 100
"""columns of a line that an excerpt shows"""


@dataclass(frozen=True)
class Source:
    """A text that positions refer to: the instance file, a table beside it, or a setting of the command line."""

    path: str
    lines: list[str] = field(repr=False)


class Span(NamedTuple):
    """A stretch of a source. Lines and columns count from 0; the end is exclusive. Empty: a block of lines."""

    source: Source
    line: int
    column: int
    end_line: int
    end_column: int

    @property
    def width(self) -> int:
        """Columns on its first line, at least 1."""
        end = self.end_column if self.end_line == self.line else len(self.source.lines[self.line].rstrip())
        return max(end - self.column, 1)

    @property
    def text(self) -> str:
        """What stands on its first line."""
        return self.source.lines[self.line][self.column : self.column + self.width]


@dataclass(frozen=True)
class Mark:
    """A second place of a diagnostic, in the same file. Line and column count from 1."""

    line: int
    column: int
    span: int
    text: str
    label: str


@dataclass(frozen=True)
class Diagnostic:
    """One error or warning. Line and column count from 1; both are None where there is no file to point into."""

    severity: str
    """error | warning"""
    code: str
    message: str
    help: str
    path: str
    """the file, or the name of the document"""
    line: int | None = None
    column: int | None = None
    span: int = 1
    """columns to underline"""
    text: str = ""
    """the line of the file"""
    label: str = ""
    """what is said beside the underline"""
    where: str = ""
    """dotted path of the key, where there is no line"""
    also: tuple[Mark, ...] = ()


def general(code: str, path: str, message: str, help: str, where: str = "") -> Diagnostic:
    """A diagnostic without a line."""
    return Diagnostic(_severity(code), code, message, help, path, where=where)


def at(
    span: Span, code: str, message: str, help: str, label: str = "", also: tuple[tuple[Span, str], ...] = ()
) -> Diagnostic:
    """A diagnostic at a place of a file; `also` lists further places of the same file with their labels."""
    marks = tuple(Mark(s.line + 1, s.column + 1, s.width, s.source.lines[s.line], words) for s, words in also)
    line = span.source.lines[span.line]
    return Diagnostic(
        _severity(code),
        code,
        message,
        help,
        span.source.path,
        span.line + 1,
        span.column + 1,
        span.width,
        line,
        label,
        also=marks,
    )


def render(diagnostic: Diagnostic) -> str:
    """The box that a user sees, without colour and without a newline at its end."""
    d = diagnostic
    head = f"{d.severity}[{d.code}]: {d.message}"
    if d.line is None:
        place = f"{d.path}: {d.where}" if d.where else d.path
        lines = [head, f"  --> {place}", *([f"   = help: {d.help}"] if d.help else [])]
        return "\n".join(_printable(line) for line in lines)
    marks = sorted([Mark(d.line, d.column or 1, d.span, d.text, d.label), *d.also], key=lambda m: (m.line, m.column))
    width = len(str(marks[-1].line))
    gutter = " " * (width + 1)
    lines = [head, f"{gutter}--> {d.path}:{d.line}:{d.column}", f"{gutter} |"]
    cut = max(min(_indent(mark.text) for mark in marks) - INDENT, 0)
    for mark in marks:
        shown, start = _excerpt(mark, cut)
        span = max(min(mark.span, len(shown) - start), 1)
        lines.append(f" {mark.line:>{width}} | {shown}".rstrip())
        lines.append(f"{gutter} | {' ' * start}{'^' * span} {mark.label}".rstrip())
    if d.help:
        lines.append(f"{gutter} = help: {d.help}")
    return "\n".join(_printable(line) for line in lines)


def ordered(diagnostics: list[Diagnostic], first: str) -> list[Diagnostic]:
    """Errors, then warnings; by file (`first` before the others), line and column."""
    return sorted(diagnostics, key=lambda d: (d.severity, d.path != first, d.path, d.line or 0, d.column or 0))


def listed(words: list[str], conjunction: str = "and", most: int = 12) -> str:
    """`a, b and c`; long lists end in a count.

    >>> listed(["a", "b", "c"], "or")
    'a, b or c'
    """
    if len(words) > most:
        words = [*words[:most], f"{len(words) - most} more"]
    return f" {conjunction} ".join(part for part in (", ".join(words[:-1]), words[-1] if words else "") if part)


def shorten(text: str, most: int = 60) -> str:
    """The text, or its beginning with an ellipsis."""
    return text if len(text) <= most else text[: most - 3] + "..."


def _severity(code: str) -> str:
    return "warning" if code.startswith("W") else "error"


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _excerpt(mark: Mark, cut: int) -> tuple[str, int]:
    """The part of the line around the mark, and the column in it (from 0) at which the mark begins."""
    line, start = mark.text[cut:].rstrip(), mark.column - 1 - cut
    if len(line) <= WIDTH:
        return line, start
    left = max(min(start - WIDTH // 3, len(line) - WIDTH), 0)
    head = "..." if left else ""
    tail = "..." if left + WIDTH < len(line) else ""
    return head + line[left : left + WIDTH] + tail, start - left + len(head)


def _printable(line: str) -> str:
    """No tabs, which would shift the underline, and no escape sequences, which would reach the terminal."""
    return "".join(c if c.isprintable() else " " if c == "\t" else "\ufffd" for c in line)
