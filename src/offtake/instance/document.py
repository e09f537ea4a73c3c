"""An instance as a plain dict and its fingerprint: what a plan stores, so that it can be audited anywhere."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from .parts import joined
from .schema import Instance
from .structure import CATALOGUES


def to_document(instance: Instance) -> dict[str, Any]:
    """The instance as JSON-able data, itself a valid instance that loads to an equal one.

    Defaults are left out, except in regions, accelerators and models: there a key that is left out means that of the
    catalogue, so their entries are spelled out in full.
    """
    document = joined(instance).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for section in CATALOGUES:
        entries = {
            key: entry.model_dump(mode="json", exclude_none=True) for key, entry in getattr(instance, section).items()
        }
        document.pop(section, None)
        if entries:
            document[section] = entries
    return document


def sha256(instance: Instance) -> str:
    """SHA-256 of the canonical JSON of `to_document`: keys sorted, no spaces, UTF-8."""
    text = json.dumps(to_document(instance), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
