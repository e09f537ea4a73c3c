"""Ctrl-C asks a search to stop and keep its best plan."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def listening(stop: threading.Event) -> Iterator[None]:
    """While inside, the first Ctrl-C sets `stop`; the second raises KeyboardInterrupt as usual.

    Signals reach the main thread only: elsewhere this does nothing, and the caller sets the event.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(_signal: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
