"""The answer to an instance: the plan document with tables, figures and a file format."""

from __future__ import annotations

import os
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

from ..dollars import usd
from . import document as documents
from . import futures
from .kpis import KPI_DEFINITIONS, shown

if TYPE_CHECKING:
    import pandas

    from offtake.instance.schema import Instance


class Plan:
    """Which deals to sign, how they serve the workloads, what that costs, and how good that is.

    Tables are pandas frames made on first use; the document behind them is never changed.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Plan:
        """Read a saved plan. Raises PlanError, with a sentence, for anything that is not one."""
        return cls(documents.load(path))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the plan as JSON, whole or not at all. Raises OSError."""
        documents.save(self._document, path)

    def to_document(self) -> dict[str, Any]:
        """The plan as plain JSON types (format `offtake.plan/1`)."""
        return self._document

    def with_audit(self, audit: dict[str, Any]) -> Plan:
        """The same plan with the report of its audit."""
        return Plan({**self._document, "audit": audit})

    def with_other_rule(self, found: dict[str, Any]) -> Plan:
        """The same plan with what `offtake.other_rule` finds: whether its tails, charged otherwise, sign the same."""
        return Plan({**self._document, "other_rule": found})

    @property
    def name(self) -> str:
        """Name of the instance."""
        return self._document["instance"]["name"]

    @property
    def status(self) -> str:
        """optimal (within the gap asked for), time_limit, interrupted, or one_of_several (see `futures`)."""
        return self._document["status"]

    @property
    def expected_cost_usd(self) -> float:
        """The mean cost over the futures: the objective, but where a risk measure counts the dearest besides."""
        return self._document.get("risk", {}).get("expected_cost_usd", self.objective_usd)

    @property
    def cvar_usd(self) -> float | None:
        """Mean cost of the dearest futures by `policy.risk`; None without such a measure."""
        return self._document.get("risk", {}).get("cvar_usd")

    @property
    def objective_usd(self) -> float:
        """Cost of this plan: net present value by the conventions of the instance."""
        return self._document["objective_usd"]

    @property
    def bound_usd(self) -> float:
        """No plan costs less than this: proven."""
        return self._document["bound_usd"]

    @property
    def gap(self) -> float:
        """(objective - bound) / objective."""
        return self._document["gap"]

    @property
    def kpis(self) -> dict[str, Any]:
        """Figures by the names of KPI_DEFINITIONS."""
        return self._document["kpis"]

    @property
    def audit(self) -> dict[str, Any] | None:
        """Report of the audit; None if the plan was not audited yet."""
        return self._document.get("audit")

    @cached_property
    def instance(self) -> Instance:
        """The instance that the plan answers, rebuilt from the document. Raises InstanceError."""
        from offtake.instance import from_document

        return from_document(self._document["instance"]["document"], name=self.name)

    @cached_property
    def futures(self) -> dict[str, Plan]:
        """Scenario -> the plan of that future on its own; empty for an instance of one future."""
        names = self._document.get("futures", {})
        return {name: Plan(futures.future(self._document, name, self.instance)) for name in names}

    def _table(self, name: str) -> pandas.DataFrame:
        import pandas

        columns = list(documents.COLUMNS[name])
        if "futures" in self._document and name != "contingencies":
            columns = [*columns, "scenarios"] if name == "deals" else ["scenario", *columns]
        return pandas.DataFrame(self._document.get(name, []), columns=columns)

    @cached_property
    def deals(self) -> pandas.DataFrame:
        """What is signed: one row per deal."""
        return self._table("deals")

    @cached_property
    def capacity(self) -> pandas.DataFrame:
        """By month and pool: usable accelerators held, used on average and at peak."""
        return self._table("capacity")

    @cached_property
    def service(self) -> pandas.DataFrame:
        """By month and workload: demand, share served, and from where."""
        return self._table("service")

    @cached_property
    def cash(self) -> pandas.DataFrame:
        """Undiscounted dollars by month, line and offer; runs past the horizon to the last payment."""
        return self._table("cash")

    @cached_property
    def obligations(self) -> pandas.DataFrame:
        """Undiscounted fixed payments still owed after each month."""
        return self._table("obligations")

    @cached_property
    def cost(self) -> pandas.DataFrame:
        """The objective by line."""
        return self._table("cost")

    @cached_property
    def shed(self) -> pandas.DataFrame:
        """What is left unserved by month and workload, and at what price: what costs least per request first."""
        return self._table("shed")

    @cached_property
    def commitments(self) -> pandas.DataFrame:
        """Spend commitments that are taken, by interval: promised, used and not used; null where nobody can know."""
        return self._table("commitments")

    @cached_property
    def training(self) -> pandas.DataFrame:
        """Months in which training runs work: where, how large, their useful FLOP, and the share of all work done."""
        return self._table("training")

    @cached_property
    def rollouts(self) -> pandas.DataFrame:
        """Months in which rollouts are generated: where, on how many accelerators, how many, and their tokens."""
        return self._table("rollouts")

    @cached_property
    def contingencies(self) -> pandas.DataFrame:
        """What may be lost, of a plan that must survive it: whether that had to be asked for, or holds anyway."""
        return self._table("contingencies")

    @cached_property
    def ports(self) -> pandas.DataFrame:
        """Ports that are made: what is paid in all, when they begin, and from when on the family may serve."""
        return self._table("ports")

    @cached_property
    def tails(self) -> pandas.DataFrame:
        """What is left of terms that outlive the horizon, after their breaks; empty in plans of earlier versions."""
        return self._table("tails")

    @cached_property
    def offers(self) -> pandas.DataFrame:
        """Every offer: taken or not, and why."""
        return self._table("offers")

    @cached_property
    def ledgers(self) -> dict[str, pandas.DataFrame]:
        """Tables for finance by name: obligations_by_year, lock_in, termination, effective, exposure, balance, leases.

        A table that the plan does not have (one of an earlier version) is empty.
        """
        import pandas

        stored = self._document.get("ledgers", {})
        first = ["scenario"] if "futures" in self._document else []
        return {
            name: pandas.DataFrame(stored.get(name, []), columns=[*first, *columns])
            for name, columns in documents.LEDGERS.items()
        }

    def __repr__(self) -> str:
        deals = len(self._document["deals"])
        return (
            f"<Plan {self.name!r}: {self.status}, {usd(self.objective_usd)}, gap {self.gap:.2%}, "
            f"{deals} deal{'' if deals == 1 else 's'}>"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{escape(definition.title)}</th><td>{escape(shown(name, self.kpis))}</td></tr>"
            for name, definition in KPI_DEFINITIONS.items()
            if name in self.kpis
        )
        return f"<p>{escape(repr(self))}</p><table>{rows}</table>{self.deals.to_html(index=False)}"
