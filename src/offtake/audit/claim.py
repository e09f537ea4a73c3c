"""What a plan claims: the parts of the document that an audit takes from it, read with suspicion.

A document of the wrong form ends in PlanError. A document of the right form that says something wrong
(an offer that does not exist, a negative amount) is read: saying so is the business of the rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from offtake.instance.months import Month

from .reading import (
    Reader,
    contract,
    followed,
    integer,
    mapping,
    member,
    month,
    number,
    number_or_null,
    numbers_by_name,
    shown,
    table,
    text,
    text_or_null,
    texts,
    truth,
    tuples,
)

FORMAT = "offtake.plan/1"


@dataclass(frozen=True)
class ClaimedPeriod:
    start: Month
    months: int


@dataclass(frozen=True)
class ClaimedDeal:
    """One row of the table of deals, as printed."""

    offer: str
    provider: str
    node: int
    start: Month
    signing: Month
    months: int
    term: int
    blocks: Decimal
    accelerators: Decimal
    accelerators_by_type: dict[str, Decimal]
    power_mw: Decimal
    cash_usd: Decimal
    npv_usd: Decimal
    right: str = ""
    """what kind of follow-on it is; empty for a deal of its own"""
    follows: int | str | None = None
    """position of the deal, or id of the contract in force, that it follows"""
    scenarios: list[str] = field(default_factory=list)
    """of several futures, those in which it is signed"""
    by_scenario: dict[str, Paid] = field(default_factory=dict)
    """what it is paid in each of them"""


class Paid(NamedTuple):
    """Figures of a deal in one of several futures."""

    cash_usd: Decimal
    npv_usd: Decimal


class Serve(NamedTuple):
    """Accelerators (requests/s for a token API) of a pool provisioned for a workload in a block of a period."""

    pool: str
    workload: str
    period: int
    block: int
    node: int
    amount: Decimal


class Unserved(NamedTuple):
    """Demand left unserved, of the rate to provision for."""

    workload: str
    period: int
    block: int
    node: int
    requests_per_s: Decimal


class Beyond(NamedTuple):
    """Accelerator-hours used beyond the take-or-pay share of a deal (by position) or a contract in force (by id)."""

    contract: int | str
    pool: str
    period: int
    node: int
    accelerator_hours: Decimal


class Committed(NamedTuple):
    """A spend commitment that is taken."""

    commitment: str
    node: int


class Covered(NamedTuple):
    """Use, in USD at list prices, that is drawn from a commitment in a block of a month."""

    commitment: str
    pool: str
    month: int
    """counted from the horizon's first"""
    block: int
    node: int
    usd: Decimal


class Sublet(NamedTuple):
    """Accelerators of a pool that are let to others through a period."""

    pool: str
    period: int
    node: int
    accelerators: Decimal


class Ported(NamedTuple):
    """A port that begins."""

    model: str
    family: str
    month: int
    """counted from the horizon's first"""
    node: int


class Late(NamedTuple):
    """A training run that is late through a period."""

    workload: str
    period: int
    node: int


class Rerouted(NamedTuple):
    """Accelerators (requests/s for a token API) that serve what must be kept in a block when something is lost."""

    lost: str
    pool: str
    workload: str
    period: int
    block: int
    node: int
    amount: Decimal


class PortRow(NamedTuple):
    """One row of the table of ports, as printed."""

    model: str
    family: str
    start: Month
    ready: Month
    usd: Decimal
    scenario: str = ""


class CommitmentRow(NamedTuple):
    """One row of the table of commitments, as printed."""

    commitment: str
    start: Month
    months: int
    in_horizon: bool
    committed_usd: Decimal
    used_usd: Decimal | None
    unused_usd: Decimal | None
    scenario: str = ""


class CashRow(NamedTuple):
    month: Month
    line: str
    offer: str
    usd: Decimal
    scenario: str = ""


class OwedRow(NamedTuple):
    month: Month
    usd: Decimal
    scenario: str = ""


class CostRow(NamedTuple):
    line: str
    usd: Decimal
    scenario: str = ""


class ShedRow(NamedTuple):
    """What is left unserved of a workload in a month, as printed."""

    month: Month
    workload: str
    usd_per_request: Decimal
    requests: Decimal
    usd: Decimal
    scenario: str = ""


class CapacityRow(NamedTuple):
    """Accelerators (requests/s of a token API) of a pool in a month, as printed."""

    month: Month
    pool: str
    offer: str
    accelerator: str | None
    held: Decimal
    used_mean: Decimal
    used_peak: Decimal
    let: Decimal
    scenario: str = ""


class ServiceRow(NamedTuple):
    """What a workload asks for in a month and what it gets, as printed."""

    month: Month
    workload: str
    mean_requests_per_s: Decimal
    provisioned_requests_per_s: Decimal
    served_share: Decimal
    by: dict[str, Decimal]
    """pool -> its share in what is served"""
    scenario: str = ""


class TrainingRow(NamedTuple):
    """Where a training run is in a month, as printed."""

    month: Month
    workload: str
    pool: str
    accelerators: Decimal
    flop: Decimal
    done_share: Decimal
    scenario: str = ""


class RolloutRow(NamedTuple):
    """Where rollouts are generated in a month, as printed."""

    month: Month
    workload: str
    pool: str
    accelerators: Decimal
    rollouts: Decimal
    tokens: Decimal
    scenario: str = ""


class OfferRow(NamedTuple):
    """Whether an offer is taken, as printed."""

    offer: str
    taken: bool
    scenario: str = ""


class LossRow(NamedTuple):
    """A loss that must be survived, as printed."""

    lost: str
    enforced: bool
    """whether it had to be asked for, which only the search knows"""


class ClaimedFuture(NamedTuple):
    """What the plan says of one of several futures."""

    probability: Decimal
    objective_usd: Decimal
    bound_usd: Decimal
    kpis: dict[str, Any]


@dataclass(frozen=True)
class Claim:
    """A whole plan as far as an audit reads it."""

    status: str
    objective_usd: Decimal
    bound_usd: Decimal
    gap: Decimal
    gap_asked: Decimal
    periods: list[ClaimedPeriod]
    deals: dict[int, ClaimedDeal]
    """by position in the table, and so are the decisions"""
    serve: dict[int, Serve]
    unserved: dict[int, Unserved]
    beyond: dict[int, Beyond]
    committed: dict[int, Committed]
    covered: dict[int, Covered]
    sublet: dict[int, Sublet]
    ported: dict[int, Ported]
    rerouted: dict[int, Rerouted]
    late: dict[int, Late]
    commitments: list[CommitmentRow]
    ports: list[PortRow]
    cash: list[CashRow]
    obligations: list[OwedRow]
    cost: list[CostRow]
    shed: list[ShedRow]
    prints_shed: bool
    """plans of earlier versions do not"""
    capacity: list[CapacityRow] | None
    service: list[ServiceRow] | None
    """None: not printed"""
    training: list[TrainingRow]
    rollouts: list[RolloutRow] | None
    offers: list[OfferRow] | None
    contingencies: list[LossRow]
    kpis: dict[str, Any]
    ledgers: dict[str, Any]
    """empty in plans of earlier versions"""
    futures: dict[str, ClaimedFuture]
    """scenario -> what the plan says of it; empty for one future"""
    risk: dict[str, Decimal] | None
    """what the objective weighs; None: not printed"""


def read(plan: Any, several: bool = False) -> Claim:
    """The claim of a plan document. Raises PlanError, with a sentence, for a document of the wrong form.

    `several`: of several futures.
    """
    document = mapping(plan, "the plan")
    decisions = {**_NO_DECISIONS, **mapping(member(document, "decisions"), "decisions")}
    rows = {**_NO_TABLES, **document}
    of: dict[str, Reader] = {"scenario": text} if several else {}
    solver = mapping(member(document, "solver"), "solver")
    return Claim(
        status=text(member(document, "status"), "status"),
        objective_usd=number(member(document, "objective_usd"), "objective_usd"),
        bound_usd=number(member(document, "bound_usd"), "bound_usd"),
        gap=number(member(document, "gap"), "gap"),
        gap_asked=number(member(solver, "gap_asked", "solver"), "solver.gap_asked"),
        periods=table(document, "periods", ClaimedPeriod, {"start": month, "months": integer}),
        deals=_deals(document, several),
        **{name: _numbered(tuples(decisions, name, *form)) for name, form in _DECISIONS.items()},
        commitments=table(rows, "commitments", CommitmentRow, {**_COMMITMENT, **of}),
        ports=table(rows, "ports", PortRow, {**_PORT, **of}),
        cash=table(document, "cash", CashRow, {"month": month, "line": text, "offer": text, "usd": number, **of}),
        obligations=table(document, "obligations", OwedRow, {"month": month, "usd": number, **of}),
        cost=table(document, "cost", CostRow, {"line": text, "usd": number, **of}),
        shed=table(rows, "shed", ShedRow, {**_SHED, **of}),
        prints_shed="shed" in document,
        capacity=_printed(document, "capacity", CapacityRow, {**_CAPACITY, **of}, {"let": 0}),
        service=_printed(document, "service", ServiceRow, {**_SERVICE, **of}),
        training=table(rows, "training", TrainingRow, {**_TRAINING, **of}),
        rollouts=_printed(document, "rollouts", RolloutRow, {**_ROLLOUTS, **of}),
        offers=_printed(document, "offers", OfferRow, {"offer": text, "taken": truth, **of}),
        contingencies=table(rows, "contingencies", LossRow, {"lost": text, "enforced": truth}),
        kpis=mapping(member(document, "kpis"), "kpis"),
        ledgers=mapping(document.get("ledgers", {}), "ledgers"),
        futures=_futures(document) if several else {},
        risk=_risk(document),
    )


def _printed(document: dict[str, Any], key: str, row: Any, columns: dict[str, Reader], absent: Any = None) -> Any:
    """A table, or None if the plan does not print it."""
    return table(document, key, row, columns, absent) if key in document else None


def _deals(document: dict[str, Any], several: bool) -> dict[int, ClaimedDeal]:
    columns = {**_DEAL, "scenarios": texts, "by_scenario": _paid} if several else _DEAL
    return _numbered(table(document, "deals", ClaimedDeal, columns, _NO_RIGHT))


def _numbered(rows: list[Any]) -> dict[int, Any]:
    return dict(enumerate(rows))


def _paid(value: Any, where: str) -> dict[str, Paid]:
    found = {}
    for name, entry in mapping(value, where).items():
        inside = f"{where}.{shown(name)}"
        figures = mapping(entry, inside)
        found[name] = Paid(*(number(member(figures, key, inside), f"{inside}.{key}") for key in Paid._fields))
    return found


def _futures(document: dict[str, Any]) -> dict[str, ClaimedFuture]:
    found = {}
    for name, entry in mapping(member(document, "futures"), "futures").items():
        where = f"futures.{shown(name)}"
        keys = mapping(entry, where)
        numbers = ("probability", "objective_usd", "bound_usd")
        read = (number(member(keys, key, where), f"{where}.{key}") for key in numbers)
        found[name] = ClaimedFuture(*read, mapping(member(keys, "kpis", where), f"{where}.kpis"))
    return found


def _risk(document: dict[str, Any]) -> dict[str, Decimal] | None:
    if "risk" not in document:
        return None
    stated = mapping(document["risk"], "risk")
    keys = ("mean_weight", "weight", "cvar_level", "expected_cost_usd", "cvar_usd")
    return {key: number(member(stated, key, "risk"), f"risk.{key}") for key in keys}


_COMMITMENT: dict[str, Reader] = {
    "commitment": text,
    "start": month,
    "months": integer,
    "in_horizon": truth,
    "committed_usd": number,
    "used_usd": number_or_null,
    "unused_usd": number_or_null,
}

_PORT: dict[str, Reader] = {"model": text, "family": text, "start": month, "ready": month, "usd": number}

_SHED: dict[str, Reader] = {
    "month": month,
    "workload": text,
    "usd_per_request": number,
    "requests": number,
    "usd": number,
}

_CAPACITY: dict[str, Reader] = {
    "month": month,
    "pool": text,
    "offer": text,
    "accelerator": text_or_null,
    **dict.fromkeys(("held", "used_mean", "used_peak", "let"), number),
}

_SERVICE: dict[str, Reader] = {
    "month": month,
    "workload": text,
    **dict.fromkeys(("mean_requests_per_s", "provisioned_requests_per_s", "served_share"), number),
    "by": numbers_by_name,
}

_TRAINING: dict[str, Reader] = {
    "month": month,
    "workload": text,
    "pool": text,
    "accelerators": number,
    "flop": number,
    "done_share": number,
}

_ROLLOUTS: dict[str, Reader] = {
    "month": month,
    "workload": text,
    "pool": text,
    **dict.fromkeys(("accelerators", "rollouts", "tokens"), number),
}

_DEAL: dict[str, Reader] = {
    "offer": text,
    "provider": text,
    "node": integer,
    "start": month,
    "signing": month,
    "months": integer,
    "term": integer,
    "blocks": number,
    "accelerators": number,
    "accelerators_by_type": numbers_by_name,
    "power_mw": number,
    "cash_usd": number,
    "npv_usd": number,
    "right": text,
    "follows": followed,
}
_NO_RIGHT = {"right": "", "follows": None}
"""in plans of earlier versions, and these:"""
_NO_TABLES: dict[str, list] = {"commitments": [], "shed": [], "ports": [], "training": [], "contingencies": []}
_NO_DECISIONS: dict[str, list] = {
    "committed": [],
    "covered": [],
    "sublet": [],
    "ported": [],
    "rerouted": [],
    "late": [],
}

_DECISIONS: dict[str, tuple[type, tuple[Reader, ...]]] = {
    "serve": (Serve, (text, text, integer, integer, integer, number)),
    "unserved": (Unserved, (text, integer, integer, integer, number)),
    "beyond": (Beyond, (contract, text, integer, integer, number)),
    "committed": (Committed, (text, integer)),
    "covered": (Covered, (text, text, integer, integer, integer, number)),
    "sublet": (Sublet, (text, integer, integer, number)),
    "ported": (Ported, (text, text, integer, integer)),
    "rerouted": (Rerouted, (text, text, text, integer, integer, integer, number)),
    "late": (Late, (text, integer, integer)),
}
"""name in the document -> its row, and how each entry is read"""
