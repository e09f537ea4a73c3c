"""Reinforcement learning in two parts: rollouts that any pool may generate, and updates that a training run makes.

`reason` becomes `reason.rollouts` and `reason.updates`. A rollout is a request without a target of latency; updates are
a training run over all tokens of the rollouts, as often as they are learnt from. What ties them together is a row of
the model: a period learns only from its own rollouts. New weights reach those who generate in no time and at no cost.
"""

from __future__ import annotations

from typing import Literal

from .schema import Allow, Id, Keys, Learning, Reinforcement, Request, Training


class Rollouts(Keys):
    """What is generated."""

    kind: Literal["rollouts"] = "rollouts"
    model: Id
    request: Request
    allow: Allow
    deny: Allow
    learner: Id
    """id of the updates"""


class Updates(Training):
    """What is learnt from it."""

    kind: Literal["updates"] = "updates"
    rollouts: Id
    """id of the rollouts"""
    written: Reinforcement
    """both parts as the file has them"""

    @property
    def tokens_per_rollout(self) -> float:
        """Tokens that are learnt from for each rollout."""
        request = self.written.request
        return self.written.updates_per_rollout * (request.input_tokens + request.output_tokens)


def part_ids(key: str) -> tuple[str, str]:
    """What the rollouts and the updates are called."""
    return f"{key}.rollouts", f"{key}.updates"


def parts(key: str, written: Reinforcement) -> dict[str, Rollouts | Updates]:
    """The rollouts and the updates."""
    rollouts, updates = part_ids(key)
    request = Request(**written.request.model_dump())
    alike = {name: getattr(written, name) for name in ("model", "allow", "deny")}
    run = {name: getattr(written, name) for name in Learning.model_fields}
    sequence = request.input_tokens + request.output_tokens
    learnt = written.rollouts * written.updates_per_rollout * sequence
    run |= {"kind": "updates", "tokens": learnt, "sequence_tokens": sequence, "rollouts": rollouts, "written": written}
    return {rollouts: Rollouts(**alike, request=request, learner=updates), updates: Updates.model_construct(**run)}
