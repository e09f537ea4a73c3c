"""Plain data -> typed entries, one by one: a broken offer hides neither the errors of another nor its own id."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from . import catalogue
from .schema import Id, Instance
from .sentences import Finding, Path, findings, nearest

CATALOGUES: dict[str, Callable[[], catalogue.Entries]] = {
    "regions": catalogue.regions,
    "accelerators": catalogue.accelerators,
    "models": catalogue.models,
}
"""sections that the catalogue fills: an entry with the id of a catalogue entry overrides only the keys it gives"""


@dataclass(frozen=True)
class Draft:
    """As much of an instance as could be read."""

    instance: Instance
    """entries that failed are absent, groups that failed are None; so is the horizon"""
    document: dict[str, Any]
    """as written"""

    def written(self, section: str) -> list[str]:
        """The ids of a section (`uncertainty.scenarios` is one), whether their entries could be read or not."""
        entries: Any = self.document
        for key in section.split("."):
            entries = entries.get(key) if isinstance(entries, dict) else None
        return [str(key) for key in entries] if isinstance(entries, dict) else []


def read(document: dict[str, Any]) -> tuple[Draft, list[Finding]]:
    """Every entry that validates, and a finding for each fault of the others."""
    found: list[Finding] = []
    values: dict[str, Any] = {}
    for section, field in Instance.model_fields.items():
        if section in document:
            values[section] = _section(section, field, document, found)
    required = [name for name, field in Instance.model_fields.items() if field.is_required()]
    faults = [("missing", name) for name in required if name not in document]
    faults += [("extra_forbidden", key) for key in document if key not in Instance.model_fields]
    found += findings([{"type": kind, "loc": (key,), "input": None} for kind, key in faults], (), document)
    known = {key: value for key, value in values.items() if value is not None}
    return Draft(Instance.model_construct(**{"horizon": None, "workloads": {}, **known}), document), found


def _section(section: str, field: FieldInfo, document: dict[str, Any], found: list[Finding]) -> Any:
    """The value of a top-level key: a table or list with the entries that validate, or None."""
    value, kind = document[section], get_origin(field.annotation)
    if kind is dict and isinstance(value, dict):
        return dict(_table(section, get_args(field.annotation)[1], document, found))
    if kind is list and isinstance(value, list):
        entry = get_args(field.annotation)[0]
        return [_value((section, i), entry, item, document, found) for i, item in enumerate(value)]
    annotation = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    return _value((section,), annotation, value, document, found)


def _table(section: str, entry: Any, document: dict[str, Any], found: list[Finding]) -> Iterator[tuple[str, Any]]:
    facts = CATALOGUES[section]() if section in CATALOGUES else {}
    for key, written in document[section].items():
        if _value((section,), dict[Id, Any], {key: None}, document, found) is None:
            continue
        known = facts.get(key, {}) if isinstance(written, dict) else {}
        here: list[Finding] = []
        value = _value((section, key), entry, {**known, **written} if known else written, document, here)
        found.extend(_partial(finding, key, facts) for finding in here)
        if value is not None:
            yield key, value


def _partial(finding: Finding, key: str, facts: catalogue.Entries) -> Finding:
    """An incomplete entry may be the override of a catalogue entry whose id was misspelt."""
    near = nearest(key, facts) if finding.code == "E011" and len(finding.path) == 2 else None
    return replace(finding, help=f"did you mean {near}, of which the catalogue knows the rest?") if near else finding


def _value(path: Path, annotation: Any, value: Any, document: dict[str, Any], found: list[Finding]) -> Any:
    """The typed value, or None with the findings noted."""
    try:
        if get_origin(annotation) is None and hasattr(annotation, "model_validate"):
            return annotation.model_validate(value)
        return _adapter(annotation).validate_python(value, strict=True)
    except ValidationError as error:
        found.extend(findings(error.errors(include_url=False), path, document))
        return None


@functools.cache
def _adapter(annotation: Any) -> TypeAdapter[Any]:
    return TypeAdapter(annotation)
