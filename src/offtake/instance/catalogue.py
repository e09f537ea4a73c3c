"""Facts that ship with the engine: cloud regions, accelerators, language models, daily shapes.

Every entry carries its source with a date, a confidence (A: the vendor's own document, B: press or a
second-hand table, C: announced or inferred) and the list of keys that the source does not give. Entries are plain
dictionaries in the form in which a user would write them; they are shared, so copy before changing one.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import yaml

Entries = dict[str, dict[str, Any]]
"""id -> the entry as a user would write it"""


@functools.cache
def regions() -> Entries:
    """Cloud regions and sites with city coordinates: id -> keys of `schema.Region`."""
    return _read("regions.yaml")


@functools.cache
def accelerators() -> Entries:
    """Accelerators with dense peaks: id -> keys of `schema.Accelerator`."""
    return _read("accelerators.yaml")


@functools.cache
def models() -> Entries:
    """Public language models and two assumed ones: id -> keys of `schema.LanguageModel`."""
    return _read("models.yaml")


@functools.cache
def shapes() -> Entries:
    """Daily demand shapes: id -> `factors` (24 numbers by local solar hour, mean 1) and where they come from."""
    return _read("shapes.yaml")


@functools.cache
def names() -> dict[str, list[str]]:
    """What others call the models of the catalogue: id -> names."""
    return _read("names.yaml")


def _read(file: str) -> Entries:
    text = Path(__file__).with_name("catalogue_data").joinpath(file).read_text(encoding="utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
