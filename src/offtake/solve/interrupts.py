"""Ctrl-C, or a scheduler that ends the process, asks a search to stop and keep its best plan."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE_S = 5.0
"""for how long after the first Ctrl-C further ones are taken for the same wish"""


@contextmanager
def listening(stop: threading.Event) -> Iterator[None]:
    """While inside, the first Ctrl-C sets `stop`; one that comes long after it raises KeyboardInterrupt as usual.

    An impatient second Ctrl-C, or a signal sent to a whole process group, must not lose the plan that is being kept.
    Signals reach the main thread only: elsewhere this does nothing, and the caller sets the event.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    asked: list[float] = []

    def ask(_signal: int, _frame: object) -> None:
        asked.append(time.monotonic())
        if asked[-1] - asked[0] > PATIENCE_S:
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
