"""What the user wrote: loading, checking and storing instances."""

from .diagnostics import CODES, Diagnostic, render
from .document import sha256, to_document
from .loader import Inspection, InstanceError, from_document, inspect, load, with_settings
from .schema import Instance

__all__ = [
    "CODES",
    "Diagnostic",
    "Inspection",
    "Instance",
    "InstanceError",
    "from_document",
    "inspect",
    "load",
    "render",
    "sha256",
    "to_document",
    "with_settings",
]
