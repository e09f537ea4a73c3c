"""Studies that take one offer after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ..instance.schema import Instance
from . import executors
from .executors import Executor

if TYPE_CHECKING:
    import pandas

Finding = TypeVar("Finding")


class Findings(list[Finding]):
    """What a study finds, one after the other; `table` has a row for each."""

    @property
    def table(self) -> pandas.DataFrame:
        """One row for each finding, its fields as columns."""
        import pandas

        return pandas.DataFrame([entry.to_document() for entry in self])


def asked(instance: Instance, offers: Sequence[str] | None) -> list[str]:
    """The offers of a study in the order of the instance; all of them by default. Raises ValueError for one that the
    instance does not have."""
    unknown = [key for key in offers or [] if key not in instance.offers]
    if unknown:
        raise ValueError(f"the instance has no offer {unknown[0]!r}; it has {', '.join(instance.offers)}")
    return [key for key in instance.offers if offers is None or key in offers]


def each(
    keys: Sequence[str],
    study: Any,
    say: Callable[[str], None],
    lacking: str,
    jobs: int = 1,
    executor: Executor | None = None,
) -> Findings:
    """What the study finds of each offer. An interrupt ends it with the offers that are done, and says what is
    `lacking` of the others; it raises KeyboardInterrupt if nothing is done yet.

    With several `jobs`, `study.quiet()` is what can be pickled, and does the work in that many processes, or where an
    `executor` takes it.
    """
    with executors.chosen(executor, jobs) as taker:
        if taker is not None:
            return Findings(executors.each(study.quiet(), keys, keys, taker, say))
    done: Findings = Findings()
    try:
        for key in keys:
            done.append(study(key))
    except KeyboardInterrupt:
        if not done:
            raise
        say(f"interrupted after {keys[len(done) - 1]}; the offers after it have no {lacking} yet")
    return done
