"""Many solves, here or elsewhere: one after the other, in processes, or wherever an executor takes them."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from .bad_question import BadQuestion

Task = TypeVar("Task")
Finding = TypeVar("Finding")


class Executor(Protocol):
    """What `concurrent.futures` and Dask's `Client.get_executor()` have in common."""

    def submit(self, work: Callable[..., Any], /, *arguments: Any) -> Any:
        """A future with `result()` and `cancel()`."""


@contextmanager
def chosen(executor: Executor | None, jobs: int) -> Iterator[Executor | None]:
    """The executor that is given, or one of so many processes; None for one job, which needs none. Raises BadQuestion
    for less."""
    if jobs < 1:
        raise BadQuestion(f"at least one job must run at a time, not {jobs}")
    if executor is not None or jobs == 1:
        yield executor
        return
    context = multiprocessing.get_context("spawn")  # a fork would copy the solver's threads in any state
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_wait_quietly) as executor:
        yield executor


def each(
    work: Callable[[Task], Finding],
    tasks: Sequence[Task],
    names: Sequence[str],
    executor: Executor | None,
    say: Callable[[str], None],
) -> list[Finding]:
    """What comes of each task, in order. An interrupt keeps what is done of the first ones, and says so; it raises
    KeyboardInterrupt if nothing is done yet.

    `names`: of the tasks, said as they begin, or, with an executor, as they end. An executor must be able to pickle
    work, tasks and findings.
    """
    done: list[Finding] = []
    run = _here if executor is None else _there
    try:
        for finding in run(work, tasks, names, executor, say):
            done.append(finding)  # noqa: PERF402, each one is kept on an interrupt
    except KeyboardInterrupt:
        if not done:
            raise
        say(f"interrupted with {len(done)} of {len(tasks)} done")
    return done


def _here(work: Callable, tasks: Sequence, names: Sequence[str], _executor: None, say: Callable) -> Iterator:
    for number, (task, name) in enumerate(zip(tasks, names, strict=True), start=1):
        say(f"{name} ({number} of {len(tasks)})" if len(tasks) > 1 else name)
        yield work(task)


def _there(work: Callable, tasks: Sequence, names: Sequence[str], executor: Executor, say: Callable) -> Iterator:
    futures = [executor.submit(_interruptible, work, task) for task in tasks]
    try:
        for number, (future, name) in enumerate(zip(futures, names, strict=True), start=1):
            finding = future.result()
            say(f"{name}: done ({number} of {len(tasks)})" if len(tasks) > 1 else f"{name}: done")
            yield finding
    finally:
        for future in futures:
            future.cancel()


def _wait_quietly() -> None:
    """A worker that has nothing to do is not worth a trace on Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _interruptible(work: Callable[[Task], Finding], task: Task) -> Finding:
    """In a worker: Ctrl-C, which a terminal sends to all processes, ends the task and not the worker."""
    if threading.current_thread() is not threading.main_thread():
        return work(task)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return work(task)
    finally:
        signal.signal(signal.SIGINT, before)
