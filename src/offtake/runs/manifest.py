"""The manifest of a run: what was asked, what came of it, and with which versions. Times are UTC, money is USD."""

from __future__ import annotations

import json
import platform
import re
import secrets
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import RunError

if TYPE_CHECKING:
    from ..instance import Instance
    from ..plan import Plan
    from ..solve import Outcome

Manifest = dict[str, Any]

FORMAT = "offtake.run/1"
ID = re.compile(r"[0-9a-f]{8}")
NEEDED = ("format", "id", "started", "finished", "instance", "options", "versions", "status", "audit")
PACKAGES = ("offtake", "pyomo", "highspy", "numpy", "scipy")
"""whose versions may change a plan"""


def manifest(
    instance: Instance, asked: dict[str, Any], started: datetime, answer: Plan | Outcome, files: dict[str, str]
) -> Manifest:
    """Of a run that ends now. `asked`: its options; `answer`: the plan, or how the solve ended without one; `files`:
    where the instance was read and the plan was to be saved."""
    from ..instance import sha256
    from ..plan import Plan

    outcome = _of_plan(answer) if isinstance(answer, Plan) else _of_none(answer)
    return {
        "format": FORMAT,
        "id": secrets.token_hex(4),
        "started": _stamp(started),
        "finished": _stamp(datetime.now(UTC)),
        "instance": {"name": instance.name, "sha256": sha256(instance)},
        "files": files,
        "options": asked,
        "versions": {"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}},
        **outcome,
    }


def _of_plan(plan: Plan) -> dict[str, Any]:
    audit = plan.audit
    verdict = None if audit is None else {"passed": audit["passed"], "findings": len(audit["findings"])}
    return {
        "status": plan.status,
        "objective_usd": plan.objective_usd,
        "bound_usd": plan.bound_usd,
        "gap": plan.gap,
        "deals": len(plan.to_document()["deals"]),
        "audit": verdict,
    }


def _of_none(outcome: Outcome) -> dict[str, Any]:
    nothing = {"objective_usd": None, "bound_usd": outcome.bound, "gap": None, "deals": None, "audit": None}
    return {"status": outcome.status, **nothing, "message": outcome.message}


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def text(stated: Manifest) -> str:
    return json.dumps(stated, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read(path: Path) -> Manifest:
    """A manifest from its file. Raises RunError."""
    try:
        stated = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not isinstance(stated, dict) or stated.get("format") != FORMAT or any(key not in stated for key in NEEDED):
        raise RunError(f"{path} is no manifest of this version (format {FORMAT})")
    return stated
