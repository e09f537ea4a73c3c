"""What two or more instances ask differently, key by key, and whether their plans still answer the same question.

Costs of plans for another horizon, demand or measure of money can be laid side by side, but their difference is no
saving. A changed price, offer, limit or latency target is another case of the same question.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

Row = dict[str, Any]
Key = tuple[str | int, ...]

ANY = "*"
QUESTION: dict[Key, str] = {
    ("horizon",): "the horizon",
    ("day",): "the blocks of the day",
    ("workloads", ANY, "kind"): "the demand",
    ("workloads", ANY, "model"): "the demand",
    ("workloads", ANY, "region"): "the demand",
    ("workloads", ANY, "request"): "the demand",
    ("workloads", ANY, "demand"): "the demand",
    ("workloads", ANY, "tokens"): "the demand",
    ("workloads", ANY, "flops"): "the demand",
    ("workloads", ANY, "value_usd_per_request"): "what a request is worth",
    ("finance", "discounting"): "discounting",
    ("finance", "terminal"): "the charge for terms that outlive the horizon",
    ("finance", "salvage_fraction"): "the charge for terms that outlive the horizon",
    ("uncertainty",): "the scenarios",
    ("policy", "risk"): "the weight of dear futures",
}
"""Keys that make two plans answers to different questions, and what they stand for."""

_ABSENT = object()


def changes(labels: list[str], instances: list[Row]) -> list[Row]:
    """One row for each key in which an instance differs from the first: `key`, and the value under each label.

    None: the instance does not state the key. A whole branch that only one of them has is one row.
    """
    bases = [{"finance": {}, **instance} for instance in instances]
    keys = dict.fromkeys(key for other in bases[1:] for key in _differing(bases[0], other) if key != ("name",))
    return [{"key": written(key), **dict(zip(labels, _values(bases, key), strict=True))} for key in keys]


def differing_parts(first: Row, other: Row) -> list[str]:
    """The parts of the question in which two instances differ; empty if their costs can be compared."""
    keys = list(_differing({"finance": {}, **first}, {"finance": {}, **other}))
    return list(dict.fromkeys(part for at, part in QUESTION.items() if any(_below(key, at) for key in keys)))


def written(key: Key) -> str:
    """As in messages on instances.

    >>> written(("offers", "lease", "terms", 0, "prepay"))
    'offers.lease.terms[0].prepay'
    """
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key).removeprefix(".")


def _differing(old: Any, new: Any, key: Key = ()) -> Iterator[Key]:
    """Where two JSON values differ, in the order of the first."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            yield from _differing(old.get(name, _ABSENT), new.get(name, _ABSENT), (*key, name))
    elif isinstance(old, list) and isinstance(new, list):
        for k, (before, after) in enumerate(zip_longest(old, new, fillvalue=_ABSENT)):
            yield from _differing(before, after, (*key, k))
    elif old is _ABSENT or new is _ABSENT or old != new:
        yield key


def _values(instances: list[Row], key: Key) -> Iterator[Any]:
    """What each states under a key; None if nothing."""
    for value in instances:
        for part in key:
            if isinstance(value, dict):
                value = value.get(part)
            elif isinstance(value, list) and isinstance(part, int) and part < len(value):
                value = value[part]
            else:
                value = None
        yield value


def _below(key: Key, at: Key) -> bool:
    """Whether a key stands under another one, or is it; a workload as a whole is its demand."""
    key = (*key, "demand") if len(key) == 2 and key[0] == "workloads" else key
    return len(key) >= len(at) and all(wanted in (ANY, part) for part, wanted in zip(key, at, strict=False))
