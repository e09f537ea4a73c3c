"""One solve of a study, and what it proves."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..compile import Compiled
    from ..plan import Decisions
    from ..solve import Limits, Outcome, Progress
    from .signings import Signings


@dataclass(frozen=True)
class Solved:
    """The end of a solve."""

    outcome: Outcome
    decisions: Decisions | None
    """None if no plan was found"""

    @property
    def upper(self) -> float:
        """Cost of the plan found, USD; infinite if none was."""
        return math.inf if self.outcome.objective is None else self.outcome.objective

    @property
    def lower(self) -> float:
        """No plan costs less, USD; infinite if there is none."""
        if self.outcome.status == "infeasible":
            return math.inf
        return -math.inf if self.outcome.bound is None or self.outcome.status == "failed" else self.outcome.bound


def solved(
    compiled: Compiled,
    limits: Limits,
    extend: Callable[[Any], None] = lambda model: None,
    enough: Callable[[Progress], bool] | None = None,
    begin: Signings | None = None,
    written_out: bool = False,
) -> Solved:
    """Build the model of a problem, let `extend` add to it, and solve it, or until `enough` is known.

    `begin`: the search begins with the plan that signs these, if there is one. `written_out`: `extend` finds all rows
    of resilience in the model; else they are added where a plan breaks them. Raises KeyboardInterrupt if the user ends
    the search.
    """
    from offtake_models import build

    from ..engine import build_without_contingencies, searched
    from .worlds import values

    stop, known = threading.Event(), threading.Event()

    def listen(progress: Progress) -> None:
        if enough is not None and enough(progress):
            known.set()
            stop.set()

    model = build(compiled.problem) if written_out else build_without_contingencies(compiled)
    extend(model)
    first = None if begin is None else values(compiled, model, begin)
    asked = replace(compiled, problem=replace(compiled.problem, contingencies=[])) if written_out else compiled
    outcome, decisions = searched(asked, model, limits, listen, stop, first)
    wished = stop.is_set() or outcome.status == "interrupted"  # a solve may be done at the moment of the wish to end
    if wished and not known.is_set():
        raise KeyboardInterrupt
    return Solved(outcome, decisions)


def best_plan(compiled: Compiled, limits: Limits) -> Solved:
    """The plan that a study starts from. Raises NoPlan if there is none, KeyboardInterrupt."""
    found = solved(compiled, limits)
    if found.decisions is None:
        from ..engine import NoPlan

        raise NoPlan(found.outcome)
    return found
