"""Instance files and stored documents -> checked instances, with every error and warning in one pass."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import checks, earlier, efficiencies, files, measured, structure, tables, yaml12
from . import settings as settings_
from .diagnostics import Diagnostic, at, general, ordered, render, shorten
from .document import to_document
from .parts import Parts, parts_of
from .places import located
from .references import completed
from .schema import Instance, MeasuredFile
from .sentences import Finding, place
from .sentences import Path as KeyPath
from .workloads import served


@dataclass(frozen=True)
class Inspection:
    """What came of reading an instance."""

    instance: Instance | None
    """None if there are errors"""
    diagnostics: list[Diagnostic]
    """errors, then warnings, by position"""
    kinds: dict[str, str] = field(default_factory=dict)
    """workload of the file -> its kind; empty if there are errors"""
    parts: Parts = field(default_factory=dict)
    """those of them that the instance has in parts"""

    @property
    def errors(self) -> list[Diagnostic]:
        return [d for d in self.diagnostics if d.severity == "error"]

    @property
    def warnings(self) -> list[Diagnostic]:
        return [d for d in self.diagnostics if d.severity == "warning"]


class InstanceError(Exception):
    """An instance with errors; its text is every diagnostic as a box."""

    def __init__(self, diagnostics: list[Diagnostic]):
        super().__init__(diagnostics)
        self.diagnostics = diagnostics

    def __str__(self) -> str:
        return "\n\n".join(render(diagnostic) for diagnostic in self.diagnostics)


def load(path: str | Path, settings: Sequence[str] = ()) -> Instance:
    """The instance in a YAML file, checked, its tables read and the catalogue entries that it names spelled out.

    `settings`: `dotted.key=value`, written into the document before it is checked. Raises InstanceError.
    """
    return _instance(inspect(path, settings))


def inspect(path: str | Path, settings: Sequence[str] = ()) -> Inspection:
    """As `load`, but errors and warnings are returned."""
    found = _Found(str(path))
    try:
        source = files.read(Path(path), str(path))
    except files.Unreadable as error:
        return Inspection(None, [error.diagnostic])
    root, problems = yaml12.parse(source)
    if root and isinstance(root[0], yaml12.Table) and str(root[0].get("format", "")).startswith("offtake.plan/"):
        help = "name the instance that it was solved from; the plan holds it under the key instance"
        found.early(general("E013", str(path), "this is a plan, and an instance is asked for", help))
        return found.inspection(None)
    for problem in problems:
        found.early(problem)
    if not root:
        return found.inspection(None)
    document = root[0]
    if not isinstance(document, yaml12.Table):
        message = "an instance is a mapping: lines of key: value"
        found.early(at(root.values_at[0], "E013", message, "it begins with format: offtake/1"))
        return found.inspection(None)
    settings_.apply(document, settings, found.early)
    tables.read_demand(document, Path(path).parent, found.early)
    measured.read(document, Path(path).parent, found.early)
    efficiencies.read(document, Path(path).parent, found.early)
    earlier.read_plan(document, Path(path).parent, found.early)
    return _checked(document, found)


def from_document(document: dict[str, Any], name: str = "plan") -> Instance:
    """The instance in a dict, as a plan stores it, after the same checks. Raises InstanceError.

    `name`: what messages say in place of a file name.
    """
    found = _Found(name)
    if not isinstance(document, dict):
        found.early(general("E013", name, "an instance is a mapping", "it has the key format: offtake/1"))
        return _instance(found.inspection(None))
    for code, path, message, help in _unfit(document):
        found.early(general(code, name, message, help, place(path)))
        if code in _FATAL:
            return _instance(found.inspection(None))
    return _instance(_checked(document, found, _file_names))


def with_settings(instance: Instance, settings: Sequence[str]) -> Instance:
    """The same instance with some values changed, after the same checks. Raises InstanceError.

    `settings`: as for `load`.
    """
    found = _Found(instance.name)
    text = json.dumps(to_document(instance), ensure_ascii=False, indent=0)
    document = yaml12.parse(files.text_source(text, instance.name))[0][0]
    settings_.apply(document, settings, found.early)
    return _instance(_checked(document, found, _file_names))


def _instance(inspection: Inspection) -> Instance:
    if inspection.instance is None:
        raise InstanceError(inspection.diagnostics)
    return inspection.instance


def _checked(
    document: dict[str, Any], found: _Found, *rules: Callable[[structure.Draft], Iterator[Finding]]
) -> Inspection:
    """Structure, then the rules that need more than one key."""
    draft, findings = structure.read(document)
    for finding in findings:
        found.add(finding, document)
    for rule in (checks.check, *rules):
        for finding in rule(draft):
            found.add(finding, document)
    return found.inspection(draft)


def _file_names(draft: structure.Draft) -> Iterator[Finding]:
    """A stored document holds its tables; there is no folder in which a file could lie."""
    paths = [("workloads", key, "demand", "file") for key, w in served(draft.instance).items() if w.demand.file]
    measurements = draft.instance.throughput.measured
    if isinstance(measurements, str):
        paths.append(("throughput", "measured"))
    else:
        entries = enumerate(measurements)
        paths += [("throughput", "measured", i, "file") for i, entry in entries if isinstance(entry, MeasuredFile)]
    if isinstance(draft.instance.throughput.efficiencies, str):
        paths.append(("throughput", "efficiencies"))
    keep = draft.instance.policy.keep_plan
    if keep is not None and isinstance(keep.plan, str):
        paths.append(("policy", "keep_plan", "plan"))
    for path in paths:
        yield Finding("E026", path, "a stored instance cannot name a file", "write out what the file holds")


def _unfit(document: dict[str, Any]) -> Iterator[tuple[str, KeyPath, str, str]]:
    """What a dict may hold and no YAML file that was read: code, path, message and help."""
    waiting: list[tuple[KeyPath, Any]] = [((), document)]
    while waiting:
        path, value = waiting.pop()
        if len(path) > yaml12.MAX_DEPTH:
            yield "E017", path[:3], f"nested more than {yaml12.MAX_DEPTH} levels deep", yaml12.SHALLOW
        elif isinstance(value, dict):
            for key, entry in value.items():
                if type(key) not in (str, int):
                    yield "E008", path, "a key must be text", f"one here is {shorten(repr(key))}"
                waiting.append(((*path, key), entry))
        elif isinstance(value, list):
            waiting += (((*path, i), entry) for i, entry in enumerate(value))
        elif value is None:
            yield "E009", path, f"{path[-1]} has no value", yaml12.LEAVE_OUT
        elif isinstance(value, float) and not math.isfinite(value):
            yield "E007", path, "a number must be finite", yaml12.MAGNITUDES
        elif isinstance(value, int | float) and abs(value) > yaml12.LARGEST:
            yield "E007", path, "the number is too large", yaml12.MAGNITUDES


_FATAL = ("E008", "E017")
"""codes after which a dict is not looked at further"""


class _Found:
    """Diagnostics as they come. A place that could not even be read gets no second error."""

    def __init__(self, name: str):
        self.name = name
        self.diagnostics: list[Diagnostic] = []
        self.unread: set[tuple[object, ...]] = set()

    def early(self, diagnostic: Diagnostic) -> None:
        """Note an error of reading, before the document is checked."""
        self.diagnostics.append(diagnostic)
        self.unread.add(_place(diagnostic))

    def add(self, finding: Finding, document: dict[str, Any]) -> None:
        """Put a finding in its place."""
        diagnostic = located(finding, document, self.name)
        if _place(diagnostic) not in self.unread:
            self.diagnostics.append(diagnostic)

    def inspection(self, draft: structure.Draft | None) -> Inspection:
        diagnostics = ordered(self.diagnostics, self.name)
        failed = draft is None or any(d.severity == "error" for d in diagnostics)
        if failed:
            return Inspection(None, diagnostics)
        kinds = {key: workload.kind for key, workload in draft.instance.workloads.items()}
        return Inspection(completed(draft), diagnostics, kinds, parts_of(draft.instance))


def _place(diagnostic: Diagnostic) -> tuple[object, ...]:
    return diagnostic.path, diagnostic.line, diagnostic.column, diagnostic.where
