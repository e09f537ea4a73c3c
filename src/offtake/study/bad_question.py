"""What a study raises when it is asked something that means nothing."""

from __future__ import annotations


class BadQuestion(ValueError):
    """The message is a sentence without its full stop: what was asked, and what can be."""
