"""What a solve may spend and what it must prove."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Raises ValueError, with a sentence, for a limit that means nothing."""

    gap: float = 1e-2
    """stop once |objective - bound| / |objective| is proven to be no more; 0 asks for the optimum"""
    time_limit_s: float | None = None
    """wall-clock seconds from the hand-over on; None: no limit"""
    threads: int = 1
    """of the solver; the answer is reproducible with 1"""
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.gap < math.inf:
            raise ValueError(f"the gap must be 0 or more (0.01 is one percent), got {self.gap}")
        if self.time_limit_s is not None and not self.time_limit_s > 0:
            raise ValueError(f"the time limit must be more than 0 seconds, got {self.time_limit_s}")
        if self.threads < 1:
            raise ValueError(f"the solver needs at least one thread, got {self.threads}")
        if self.seed < 0:
            raise ValueError(f"the seed must be 0 or more, got {self.seed}")


class Clock:
    """Wall-clock seconds since a solve began."""

    def __init__(self, time_limit_s: float | None):
        self._begin = time.monotonic()
        self._limit = math.inf if time_limit_s is None else time_limit_s

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begin

    @property
    def left(self) -> float:
        """Seconds until the limit; infinite without one, never negative."""
        return max(self._limit - self.seconds, 0.0)
