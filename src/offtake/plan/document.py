"""The plan file: one JSON document, read with suspicion and written atomically.

Layout: every key of the document and every row of a table stands on its own line, so that two plans can be
compared with a text tool. Numbers are written as Python's `repr`, the shortest text that reads back as
the same double; NaN and infinities never occur.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

FORMAT = "offtake.plan/1"
LARGEST_BYTES = 1_000_000_000
STATUSES = ("optimal", "time_limit", "interrupted", "failed", "one_of_several")

COLUMNS: dict[str, tuple[str, ...]] = {
    "deals": (
        "offer",
        "provider",
        "node",
        "start",
        "signing",
        "months",
        "term",
        "right",
        "follows",
        "blocks",
        "accelerators",
        "accelerators_by_type",
        "power_mw",
        "cash_usd",
        "npv_usd",
    ),
    "capacity": ("month", "pool", "offer", "accelerator", "held", "used_mean", "used_peak", "let"),
    "service": ("month", "workload", "mean_requests_per_s", "provisioned_requests_per_s", "served_share", "by"),
    "cash": ("month", "line", "offer", "usd"),
    "obligations": ("month", "usd"),
    "cost": ("line", "usd"),
    "offers": ("offer", "taken", "reason"),
    "commitments": ("commitment", "start", "months", "in_horizon", "committed_usd", "used_usd", "unused_usd"),
    "training": ("month", "workload", "pool", "accelerators", "flop", "done_share"),
    "rollouts": ("month", "workload", "pool", "accelerators", "rollouts", "tokens"),
    "ports": ("model", "family", "start", "ready", "usd"),
    "contingencies": ("lost", "enforced"),
    "shed": ("month", "workload", "usd_per_request", "requests", "usd"),
    "tails": (
        "offer",
        "right",
        "start",
        "months",
        "accelerator_months",
        "cash_usd",
        "npv_usd",
        "worth_npv_usd",
    ),
}
"""Tables of the document and their columns, in order."""

LEDGERS: dict[str, tuple[str, ...]] = {
    "obligations_by_year": ("as_of", "commenced", "year", "usd"),
    "lock_in": ("as_of", "owed_usd", "months"),
    "termination": ("month", "offer", "way", "usd"),
    "effective": ("month", "offer", "billed_usd", "effective_usd", "unused_usd"),
    "exposure": ("month", "group", "prepaid_unused_usd", "owed_usd", "power_mw"),
    "balance": ("month", "funding_usd", "other_cash_usd", "cash_out_usd", "balance_usd", "minimum_usd"),
    "leases": ("deal", "offer", "start", "flag", "reasons"),
}
"""Tables under `ledgers` and their columns; plans of earlier versions have none of them."""

DECISIONS: dict[str, tuple[str, ...]] = {
    "serve": ("pool", "workload", "period", "block", "node", "amount"),
    "unserved": ("workload", "period", "block", "node", "requests_per_s"),
    "beyond": ("deal", "pool", "period", "node", "accelerator_hours"),
    "committed": ("commitment", "node"),
    "covered": ("commitment", "pool", "month", "block", "node", "usd"),
    "sublet": ("pool", "period", "node", "accelerators"),
    "late": ("workload", "period", "node"),
    "ported": ("model", "family", "month", "node"),
    "rerouted": ("lost", "pool", "workload", "period", "block", "node", "amount"),
}
"""Rows of the decisions, as lists in this order."""

OPTIONAL = (
    "commitments",
    "tails",
    "committed",
    "covered",
    "sublet",
    "ports",
    "ported",
    "contingencies",
    "rerouted",
    "shed",
    "training",
    "rollouts",
    "late",
)
"""Tables and decisions that plans of earlier versions do not have."""
LATER_COLUMNS = ("right", "follows", "let")
"""Columns that plans of earlier versions do not have."""


class PlanError(Exception):
    """A file that is not a plan; the message is a sentence for the user."""


def render(document: dict[str, Any]) -> str:
    """The document as text. Raises PlanError if a number is not finite."""
    try:
        return _block(document, levels=2) + "\n"
    except ValueError as error:
        raise PlanError(f"the plan holds a number that is not finite, so it was not written ({error})") from None


def _block(value: Any, levels: int) -> str:
    """JSON text of a container with one entry per line, down to `levels` objects deep."""
    if isinstance(value, dict) and value and levels:
        lines = [f"{_text(key)}: {_block(entry, levels - 1)}" for key, entry in value.items()]
        return "{\n" + ",\n".join(lines) + "\n}"
    if isinstance(value, list) and value and isinstance(value[0], dict | list):
        return "[\n" + ",\n".join(_text(row) for row in value) + "\n]"
    return _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def save(document: dict[str, Any], path: str | os.PathLike[str]) -> None:
    """Write the document. The file appears whole or not at all. Raises OSError, PlanError."""
    data = render(document).encode()
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        target.write_bytes(data)
        return
    beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a plan document. Raises PlanError, with a sentence, for anything that is not one."""
    shown = str(path)
    text = _read(Path(path), shown)
    if Path(path).suffix in (".yaml", ".yml"):
        raise PlanError(f"{shown} is YAML, as instances are; a plan is a JSON file, which `offtake solve` writes")
    document = _parse(text, shown)
    _check(document, shown)
    return document


def _read(path: Path, shown: str) -> str:
    try:
        if path.is_dir():
            raise PlanError(f"{shown} is a folder; name the plan file in it")
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise PlanError(
                f"{shown} holds {size / 1e6:,.0f} MB; a plan of more than {LARGEST_BYTES / 1e6:,.0f} MB is not read"
            )
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise PlanError(f"there is no file {shown}; `offtake solve` writes plans") from None
    except UnicodeDecodeError as error:
        raise PlanError(f"{shown} is not text in UTF-8 (byte {error.start}); a plan is a JSON file") from None
    except (OSError, ValueError) as error:
        raise PlanError(f"{shown} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _parse(text: str, shown: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except json.JSONDecodeError as error:
        if not text.strip():
            raise PlanError(f"{shown} is empty; `offtake solve` writes plans") from None
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
            raise PlanError(
                f"{shown} ends in the middle of the document (line {error.lineno}): "
                "it was cut short; solve or copy again"
            ) from None
        raise PlanError(
            f"{shown} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}; "
            "a plan is written by `offtake solve`"
        ) from None
    except RecursionError:
        raise PlanError(f"{shown} is nested too deeply to be a plan") from None
    except ValueError as error:
        raise PlanError(f"{shown} is not a plan: {error}") from None


def _refuse(constant: str) -> float:
    raise ValueError(f"it holds {constant}, and every number of a plan is finite")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"it holds {text}, which is too large for a number")
    return number


def _check(document: Any, shown: str) -> None:
    """The outline that the code relies on. What the numbers mean is the audit's business."""
    if not isinstance(document, dict) or "format" not in document:
        raise PlanError(f"{shown} is JSON but not a plan: it has no key `format` (`{FORMAT}`)")
    if document["format"] != FORMAT:
        found = repr(document["format"])[:60]
        raise PlanError(f"{shown} has the format {found}; this version reads {FORMAT}: solve the instance again")
    _check_head(document, shown)
    for table, columns in COLUMNS.items():
        _check_rows(_rows(document, table, shown), table, columns, shown)
    ledgers = document.get("ledgers", {})
    if not isinstance(ledgers, dict):
        raise PlanError(f"{shown} is not a plan: `ledgers` has the wrong type ({type(ledgers).__name__})")
    for table in [name for name in LEDGERS if name in ledgers]:
        _check_rows(_rows(ledgers, table, shown), f"ledgers.{table}", LEDGERS[table], shown)
    decisions = document["decisions"]
    for kind, slots in DECISIONS.items():
        for row in _rows(decisions, kind, shown):
            if not isinstance(row, list) or len(row) != len(slots):
                raise PlanError(f"{shown} has a row in `decisions.{kind}` that is not [{', '.join(slots)}]")


def _check_rows(rows: list[Any], table: str, columns: tuple[str, ...], shown: str) -> None:
    for row in rows:
        if not isinstance(row, dict) or not set(columns) - set(LATER_COLUMNS) <= row.keys():
            raise PlanError(f"{shown} has a row in `{table}` without all of its columns: {', '.join(columns)}")


def _check_head(document: dict[str, Any], shown: str) -> None:
    kinds = {
        "instance": dict,
        "status": str,
        "objective_usd": (int, float),
        "bound_usd": (int, float),
        "gap": (int, float),
        "solver": dict,
        "conventions": dict,
        "periods": list,
        "decisions": dict,
        "kpis": dict,
    }
    for key, kind in kinds.items():
        if key not in document:
            raise PlanError(f"{shown} is not a whole plan: the key `{key}` is missing")
        if not isinstance(document[key], kind) or isinstance(document[key], bool):
            raise PlanError(f"{shown} is not a plan: `{key}` has the wrong type ({type(document[key]).__name__})")
    if document["status"] not in STATUSES:
        raise PlanError(f"{shown} has the status {document['status']!r}; known are {', '.join(STATUSES)}")
    for key in ("name", "sha256", "document"):
        if key not in document["instance"]:
            raise PlanError(f"{shown} is not a whole plan: the key `instance.{key}` is missing")


def _rows(holder: dict[str, Any], key: str, shown: str) -> list[Any]:
    rows = holder.get(key, [] if key in OPTIONAL else None)
    if not isinstance(rows, list):
        raise PlanError(f"{shown} is not a whole plan: the table `{key}` is missing")
    return rows
