"""What is lost together: a group of providers, a site, or the accelerators of a software family."""

from __future__ import annotations

from typing import Literal

from .pools import Pool, pools
from .ports import family_of
from .schema import Instance
from .sellers import groups_of


def losses(instance: Instance, lose_any: Literal["provider", "site", "family"]) -> dict[str, str | None]:
    """Pool -> with what it is lost; None for a token API, which no family takes with it."""
    groups = groups_of(instance)

    def with_what(pool: Pool) -> str | None:
        if lose_any == "family":
            return family_of(instance, pool)
        return groups[pool.supply] if lose_any == "provider" else pool.region

    return {pool.id: with_what(pool) for pool in pools(instance)}
