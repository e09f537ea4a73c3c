"""What can be wrong with a history."""

from __future__ import annotations


class RunError(Exception):
    """A run that is not there or cannot be read; the message is a sentence for the user."""
