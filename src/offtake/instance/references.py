"""Ids: every one that is named must exist; catalogue entries that are named become part of the instance.

Ids are looked up in the document as written, so that a fault elsewhere in an entry does not hide them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

from .parts import parts_of, split
from .schema import Instance
from .sentences import Finding, Path, suggestion
from .structure import CATALOGUES, Draft

_NAMED_IN = {
    "providers": ["{supply}.provider", "commitments.*.provider", "{rule}.providers.*", "groups.*.providers.*"],
    "regions": [
        "workloads.*.region",
        "{supply}.region",
        "{rule}.regions.*",
        "policy.site_power_mw_max.@",
        "network.round_trip_ms.@",
        "network.round_trip_ms.*.@",
        "network.egress_usd_per_million_tokens.@",
        "network.egress_usd_per_million_tokens.*.@",
    ],
    "accelerators": [
        "{supply}.accelerators.@",
        "{supply}.accelerator",
        "{rule}.accelerators.*",
        "forward.@",
        "throughput.rates.*.accelerator",
        "throughput.factor.@",
    ],
    "models": ["workloads.*.model", "workloads.*.model.@", "offers.*.api.models.*", "ports.@"],
    "workloads": ["throughput.rates.*.workload", "{scenario}.demand.@", "policy.resilience.workloads.*"],
    "offers": ["groups.*.offers.*", "groups.*.offer", "groups.*.requires", "groups.*.exclusive"],
}
"""section -> where its ids are named: * is any key or entry, @ a key that is itself the id"""

_OF_SCENARIOS = {
    "scenario": (("uncertainty.scenarios",), ["uncertainty.reveal.*.*.*"]),
    "forward curve of": (("forward",), ["{scenario}.forward.@"]),
    "provider, offer or contract in force": (
        ("providers", "offers", "signed"),
        ["{scenario}.price.@", "{scenario}.delay_months.@", "{scenario}.lose.@"],
    ),
    "offer or contract in force": (("offers", "signed"), ["{scenario}.recall.@"]),
}
"""the same for what scenarios name: what it is -> the sections that have its ids, and where it is named"""

_ROWS = {"accelerators": "throughput.measured.*.accelerator", "models": "throughput.measured.*.model"}
"""the same for measured rows, which may speak of what the instance does not use"""

_WRITTEN = {
    "{supply}": ("offers.*", "signed.*"),
    "{rule}": ("workloads.*.allow", "workloads.*.deny"),
    "{scenario}": ("uncertainty.scenarios.*",),
}

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_SHOWN = 3
"""places at which an id is shown, after the first"""

Reference = tuple[str, Path, Literal["key", "value"]]
"""id, and the path at which it is named"""


def unknown_ids(draft: Draft) -> Iterator[Finding]:
    """References to what neither the file nor the catalogue has: one finding for each id, with the places of it."""
    for section, patterns in _NAMED_IN.items():
        known = _known(draft, section)
        for name, places in _unknown(draft, known, patterns).items():
            message = f"there is no {section[:-1]} {name}"
            yield _finding("E020", message, places, _help(section, name, known))
    for what, (sections, patterns) in _OF_SCENARIOS.items():
        known = dict.fromkeys(name for section in sections for name in draft.written(section))
        for name, places in _unknown(draft, known, patterns).items():
            help = suggestion(name, known, "known here")
            yield _finding("E020", f"there is no {what} {name}", places, help)


def unused_rows(draft: Draft) -> Iterator[Finding]:
    """Measured rows that speak of an accelerator or a model that neither the file nor the catalogue has."""
    for section, pattern in _ROWS.items():
        known = _known(draft, section)
        for name, places in _unknown(draft, known, [pattern]).items():
            rows = "this row is not used" if len(places) == 1 else f"{len(places)} rows are not used"
            message = f"there is no {section[:-1]} {name}: {rows}"
            yield _finding("W008", message, places, _help(section, name, known))


def completed(draft: Draft) -> Instance:
    """The instance with every catalogue entry that it names spelled out, and a workload for each of several models."""
    update: dict[str, dict[str, Any]] = {}
    for section, facts in CATALOGUES.items():
        entries = dict(getattr(draft.instance, section))
        kind = Instance.model_fields[section].annotation.__args__[1]
        for name, *_ in references(draft.document, _NAMED_IN[section]):
            if name not in entries:
                entries[name] = kind.model_validate(facts()[name])
        update[section] = entries
    return split(draft.instance.model_copy(update=update))


def references(document: dict[str, Any], patterns: list[str]) -> Iterator[Reference]:
    """Every id that stands at one of the patterns, in the order of the patterns and the file."""
    for pattern in patterns:
        head, _, rest = pattern.partition(".")
        for written in _WRITTEN.get(head, (head,)):
            yield from _matches(document, [*written.split("."), *rest.split(".")], ())


def _matches(value: Any, steps: list[str], path: Path) -> Iterator[Reference]:
    """Walk the document along the steps; what has another form is left to the schema to refuse."""
    if not steps:
        if isinstance(value, str) and _ID.fullmatch(value):
            yield value, path, "value"
    elif steps == ["@"]:
        for key in value if isinstance(value, dict) else ():
            if isinstance(key, str) and _ID.fullmatch(key):
                yield key, (*path, key), "key"
    elif steps[0] == "*":
        entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, entry in entries:
            yield from _matches(entry, steps[1:], (*path, key))
    elif isinstance(value, dict) and steps[0] in value:
        yield from _matches(value[steps[0]], steps[1:], (*path, steps[0]))


def _known(draft: Draft, section: str) -> dict[str, None]:
    """The ids of a section: of the file, then of the catalogue. Groups may name commitments and contracts as
    offers, scenarios and rates the parts of a workload."""
    facts = CATALOGUES[section]() if section in CATALOGUES else {}
    alike = [*draft.written("signed"), *draft.written("commitments")] if section == "offers" else []
    if section == "workloads":
        alike = [part for parts in parts_of(draft.instance).values() for part in parts]
    return dict.fromkeys([*draft.written(section), *alike, *facts])


def _unknown(draft: Draft, known: dict[str, None], patterns: list[str]) -> dict[str, list[Reference]]:
    """Ids that nothing has -> the references to them."""
    found: dict[str, list[Reference]] = {}
    for reference in references(draft.document, patterns):
        if reference[0] not in known:
            found.setdefault(reference[0], []).append(reference)
    return found


def _finding(code: str, message: str, references: list[Reference], help: str) -> Finding:
    """One finding for all places of an id; the first few are shown."""
    (_, first, at), *others = references
    also = [(path, "and here") for _, path, _ in others[:_SHOWN]]
    if len(others) > _SHOWN:
        also[-1] = (also[-1][0], f"and here, and in {len(others) - _SHOWN} more places")
    return Finding(code, first, message, help, "", at, tuple(also))


def _help(section: str, name: str, known: dict[str, None]) -> str:
    help = suggestion(name, known, f"{section} known")
    if section == "providers" and not help.startswith("did you mean"):
        return f"declare it: providers: {{{name}: {{kind: neocloud}}}}"
    return help
