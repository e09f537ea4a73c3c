"""What a solve is asked for, and what it tells while it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """When to stop."""

    gap: float = 1e-2
    """relative: (objective - bound) / |objective|, proven"""
    time_limit_s: float | None = None
    threads: int = 1
    seed: int = 0


@dataclass(frozen=True)
class Progress:
    """One line of the live table."""

    phase: str
    seconds: float
    incumbent: float | None
    """objective of the best plan so far, in the unit of the model's objective"""
    bound: float | None
    gap: float | None
    nodes: int


def relative_gap(objective: float | None, bound: float | None) -> float | None:
    """|objective - bound| / |objective|; None while either is unknown.

    >>> relative_gap(200.0, 199.0)
    0.005
    """
    if objective is None or bound is None:
        return None
    difference = abs(objective - bound)
    return difference / abs(objective) if objective else (0.0 if difference == 0 else float("inf"))
