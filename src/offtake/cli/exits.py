"""Exit statuses of every command."""

from __future__ import annotations

DONE = 0
FAILED = 1
WRONG_USAGE = 2
INVALID_INPUT = 3
AUDIT_FAILED = 4
NOT_WRITTEN = 5
LIMIT_HIT = 10
INFEASIBLE = 11
NO_PLAN_YET = 12
INTERRUPTED = 130
