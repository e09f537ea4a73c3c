"""Studies that take one offer after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ..instance.schema import Instance

Finding = TypeVar("Finding")


def asked(instance: Instance, offers: Sequence[str] | None) -> list[str]:
    """The offers of a study in the order of the instance; all of them by default. Raises ValueError for one that the
    instance does not have."""
    unknown = [key for key in offers or [] if key not in instance.offers]
    if unknown:
        raise ValueError(f"the instance has no offer {unknown[0]!r}; it has {', '.join(instance.offers)}")
    return [key for key in instance.offers if offers is None or key in offers]


def each(
    keys: Sequence[str], study: Callable[[str], Finding], say: Callable[[str], None], lacking: str
) -> list[Finding]:
    """What the study finds of each offer. An interrupt ends it with the offers that are done, and says what is
    `lacking` of the others; it raises KeyboardInterrupt if nothing is done yet."""
    done: list[Finding] = []
    try:
        for key in keys:
            done.append(study(key))  # noqa: PERF401, each one is kept on an interrupt
    except KeyboardInterrupt:
        if not done:
            raise
        say(f"interrupted after {keys[len(done) - 1]}; the offers after it have no {lacking} yet")
    return done
