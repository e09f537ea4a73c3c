"""Bytes -> lines of text: the instance and the tables beside it, with every way a file can be unreadable."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from .diagnostics import Diagnostic, Source, Span, at, general

MAX_BYTES = 8 * 2**20
"""an instance of 10,000 offers has about 5 MB"""

LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""what YAML counts as the end of a line"""

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""characters that YAML forbids, and the byte order mark"""


class Unreadable(Exception):
    """A file that cannot be read; `diagnostic` says why."""

    def __init__(self, diagnostic: Diagnostic):
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def read(path: Path, shown: str, code: str = "E001", most: int = MAX_BYTES) -> Source:
    """The lines of a UTF-8 file of at most so many bytes. Raises Unreadable, with `code` if it cannot be opened."""
    return text_source(_decoded(_bytes(path, shown, code, most), shown), shown)


def text_source(text: str, shown: str) -> Source:
    """A text as a source. Raises Unreadable at its first control character."""
    source = Source(shown, LINE_BREAK.split(text))
    wrong = _UNPRINTABLE.search(text)
    if wrong:
        line, column = _position(text, wrong.start())
        raise Unreadable(
            at(
                Span(source, line, column, line, column + 1),
                "E002",
                f"the character U+{ord(wrong[0]):04X} cannot be written in a text file",
                "delete it",
            )
        )
    return source


def _bytes(path: Path, shown: str, code: str, most: int) -> bytes:
    def refuse(message: str, help: str = "check the name and the folder") -> Unreadable:
        return Unreadable(general(code, shown, message, help))

    try:
        if not path.exists():
            raise refuse("there is no such file", _neighbours(path))
        if path.is_dir():
            raise refuse("this is a folder, not a file", "name the file in it")
        if not path.is_file():
            raise refuse("this is not a regular file", "name a file on disk")
        with path.open("rb") as stream:
            data = stream.read(most + 1)
    except PermissionError:
        raise refuse("the file cannot be read: permission denied", "change its permissions") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise refuse(f"the file cannot be read: {reason}") from None
    if len(data) > most:
        help = (
            "long tables belong in CSV files beside the instance" if code == "E001" else "leave out what is not needed"
        )
        raise Unreadable(general("E017", shown, f"the file is larger than {most // 2**20} MB", help))
    return data


def _neighbours(path: Path) -> str:
    """What the folder holds instead, if the name was nearly right."""
    names = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    near = [name for name in difflib.get_close_matches(path.name, names) if name != path.name]
    return f"did you mean {near[0]}?" if near else "check the name and the folder"


def _decoded(data: bytes, shown: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable(general("E002", shown, "the file is UTF-16, not UTF-8", "save it as UTF-8"))
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\0" in data:
        raise Unreadable(general("E002", shown, "this is a binary file, not text", "name a text file in UTF-8"))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        source = Source(shown, LINE_BREAK.split(data.decode("utf-8", errors="replace")))
        line, column = _position(before, len(before))
        raise Unreadable(
            at(
                Span(source, line, column, line, column + 1),
                "E002",
                f"byte {data[error.start]:#04x} is not UTF-8",
                "save the file as UTF-8",
            )
        ) from None


def _position(text: str, index: int) -> tuple[int, int]:
    """Line and column, from 0, of a character."""
    breaks = list(LINE_BREAK.finditer(text, 0, index))
    return len(breaks), index - (breaks[-1].end() if breaks else 0)
