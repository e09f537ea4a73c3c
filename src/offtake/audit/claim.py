"""What a plan claims: the parts of the document that an audit takes from it, read with suspicion.

A document of the wrong form ends in PlanError. A document of the right form that says something wrong
(an offer that does not exist, a negative amount) is read: saying so is the business of the rules.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from offtake.instance.months import Month

from .numbers import exact

FORMAT = "offtake.plan/1"
LARGEST = 1e30
"""numbers beyond this are no dollars, hours or accelerators"""

Row = TypeVar("Row")


class PlanError(Exception):
    """A document that is not a plan; the message is a sentence for the user."""


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


class CommitmentRow(NamedTuple):
    """One row of the table of commitments, as printed."""

    commitment: str
    start: Month
    months: int
    in_horizon: bool
    committed_usd: Decimal
    used_usd: Decimal | None
    unused_usd: Decimal | None


class CashRow(NamedTuple):
    month: Month
    line: str
    offer: str
    usd: Decimal


class OwedRow(NamedTuple):
    month: Month
    usd: Decimal


class CostRow(NamedTuple):
    line: str
    usd: Decimal


@dataclass(frozen=True)
class Claim:
    """A whole plan as far as an audit reads it."""

    status: str
    objective_usd: Decimal
    bound_usd: Decimal
    gap: Decimal
    gap_asked: Decimal
    periods: list[ClaimedPeriod]
    deals: list[ClaimedDeal]
    serve: list[Serve]
    unserved: list[Unserved]
    beyond: list[Beyond]
    committed: list[Committed]
    covered: list[Covered]
    commitments: list[CommitmentRow]
    cash: list[CashRow]
    obligations: list[OwedRow]
    cost: list[CostRow]
    kpis: dict[str, Any]
    ledgers: dict[str, Any]
    """empty in plans of earlier versions"""


def read(plan: Any) -> Claim:
    """The claim of a plan document. Raises PlanError, with a sentence, for a document of the wrong form."""
    document = mapping(plan, "the plan")
    decisions = mapping(member(document, "decisions"), "decisions")
    return Claim(
        status=text(member(document, "status"), "status"),
        objective_usd=number(member(document, "objective_usd"), "objective_usd"),
        bound_usd=number(member(document, "bound_usd"), "bound_usd"),
        gap=number(member(document, "gap"), "gap"),
        gap_asked=number(
            member(mapping(member(document, "solver"), "solver"), "gap_asked", "solver"), "solver.gap_asked"
        ),
        periods=table(document, "periods", ClaimedPeriod, {"start": month, "months": integer}),
        deals=table(document, "deals", ClaimedDeal, _DEAL),
        serve=tuples(decisions, "serve", Serve, (text, text, integer, integer, integer, number)),
        unserved=tuples(decisions, "unserved", Unserved, (text, integer, integer, integer, number)),
        beyond=tuples(decisions, "beyond", Beyond, (contract, text, integer, integer, number)),
        committed=tuples({"committed": [], **decisions}, "committed", Committed, (text, integer)),
        covered=tuples(
            {"covered": [], **decisions}, "covered", Covered, (text, text, integer, integer, integer, number)
        ),
        commitments=table({"commitments": [], **document}, "commitments", CommitmentRow, _COMMITMENT),
        cash=table(document, "cash", CashRow, {"month": month, "line": text, "offer": text, "usd": number}),
        obligations=table(document, "obligations", OwedRow, {"month": month, "usd": number}),
        cost=table(document, "cost", CostRow, {"line": text, "usd": number}),
        kpis=mapping(member(document, "kpis"), "kpis"),
        ledgers=mapping(document.get("ledgers", {}), "ledgers"),
    )


def table(document: dict[str, Any], key: str, row: Callable[..., Row], columns: dict[str, Reader]) -> list[Row]:
    """A list of objects, each with these columns (others are ignored)."""
    found = []
    for position, entry in enumerate(items(member(document, key), key)):
        where = f"{key}[{position}]"
        keys = mapping(entry, where)
        found.append(
            row(**{name: take(member(keys, name, where), f"{where}.{name}") for name, take in columns.items()})
        )
    return found


def tuples(decisions: dict[str, Any], key: str, row: Callable[..., Row], slots: tuple[Reader, ...]) -> list[Row]:
    """A list of lists, each with exactly these slots."""
    found = []
    for position, entry in enumerate(items(member(decisions, key, "decisions"), f"decisions.{key}")):
        where = f"decisions.{key}[{position}]"
        values = items(entry, where)
        if len(values) != len(slots):
            raise PlanError(f"{where} has {len(values)} entries; a row of this list has {len(slots)}")
        found.append(
            row(
                *(take(value, f"{where}[{slot}]") for slot, (take, value) in enumerate(zip(slots, values, strict=True)))
            )
        )
    return found


def member(holder: Mapping[str, Any], key: str, where: str = "the plan") -> Any:
    if key not in holder:
        raise PlanError(f"{where} has no key `{key}`; solve the instance again to get a whole plan")
    return holder[key]


def mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise PlanError(f"{where} must be an object with keys, not {shown(value)}")
    return dict(value)


def items(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise PlanError(f"{where} must be a list, not {shown(value)}")
    return list(value)


def text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise PlanError(f"{where} must be text, not {shown(value)}")
    return value


def number(value: Any, where: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PlanError(f"{where} must be a number, not {shown(value)}")
    if isinstance(value, float) and not math.isfinite(value):
        raise PlanError(f"{where} is {value}; every number of a plan is finite")
    if not -LARGEST <= value <= LARGEST:
        raise PlanError(f"{where} is beyond {LARGEST:g}; no figure of a plan is that large")
    return exact(value)


def integer(value: Any, where: str) -> int:
    found = number(value, where)
    if found != found.to_integral_value():
        raise PlanError(f"{where} must be a whole number, not {shown(value)}")
    return int(found)


def month(value: Any, where: str) -> Month:
    try:
        return Month.parse(text(value, where))
    except ValueError:
        raise PlanError(f"{where} must be a month written YYYY-MM, not {shown(value)}") from None


def contract(value: Any, where: str) -> int | str:
    """A position in the table of deals, or the id of a contract in force."""
    return value if isinstance(value, str) else integer(value, where)


def numbers_by_name(value: Any, where: str) -> dict[str, Decimal]:
    return {name: number(entry, f"{where}.{shown(name)}") for name, entry in mapping(value, where).items()}


def shown(value: Any) -> str:
    """A value from outside for a sentence: short, on one line, no control characters."""
    if isinstance(value, Mapping | list | tuple):
        return "an object" if isinstance(value, Mapping) else "a list"
    if isinstance(value, int) and abs(value) > LARGEST:
        return "a number too large to print"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    shortened = value[:80] + "..." if isinstance(value, str) and len(value) > 80 else value
    return ascii(shortened)


def truth(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise PlanError(f"{where} must be true or false, not {shown(value)}")
    return value


def number_or_null(value: Any, where: str) -> Decimal | None:
    return None if value is None else number(value, where)


Reader = Callable[[Any, str], Any]

_COMMITMENT: dict[str, Reader] = {
    "commitment": text,
    "start": month,
    "months": integer,
    "in_horizon": truth,
    "committed_usd": number,
    "used_usd": number_or_null,
    "unused_usd": number_or_null,
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
}
