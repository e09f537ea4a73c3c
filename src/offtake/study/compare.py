"""Plans side by side: first what was asked differently, then what was decided differently, then money.

Every plan is compared with the first one. Plans that answer different questions can be laid side by side, but the
difference of their costs is then no saving; `comparable` says so. With `world` all of them answer one question: the
signings of each are held in the instance of that world, and the rest is decided anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from . import side_by_side
from .decisions import decisions, words
from .questions import changes, differing_parts
from .wording import listed, number, usd

if TYPE_CHECKING:
    import pandas
    from rich.console import ConsoleOptions, RenderResult

    from ..instance import Instance
    from ..plan import Plan

Row = dict[str, Any]

OTHER_COLUMNS = (
    "key",
    "decision",
    "change",
    "line",
    "fiscal_year",
    "end_of",
    "workload",
    "figure",
    "unit",
    "provider",
    "kpi",
)


@dataclass(frozen=True)
class Comparison:
    """Plans side by side; the columns of the tables are `labels`."""

    labels: list[str]
    world: str | None
    """the label of the plan in whose instance the signings of all others are held; None: each has its own"""
    comparable: bool
    """whether they answer the same question: horizon, demand, scenarios, and the measure of money"""
    questions: list[str]
    """sentences: in what the questions differ"""
    input_rows: list[Row]
    deal_rows: list[Row]
    money: list[str]
    """sentences: what the differences cost or save, and what of that is proven"""
    cost_rows: list[Row]
    cash_rows: list[Row]
    obligation_rows: list[Row]
    service_rows: list[Row]
    throughput_rows: list[Row]
    risk_rows: list[Row]
    provider_rows: list[Row]
    kpi_rows: list[Row]

    @cached_property
    def inputs(self) -> pandas.DataFrame:
        """Keys of the instances that differ, with their values; None where an instance does not state the key."""
        return self._frame(self.input_rows, "key")

    @cached_property
    def deals(self) -> pandas.DataFrame:
        """Deals, commitments and ports in words, and what has changed against the first plan."""
        rows = [{**row, **{label: words(row[label]) for label in self.labels}} for row in self.deal_rows]
        return self._frame(rows, "decision").assign(change=[row["change"] for row in rows])

    @cached_property
    def cost(self) -> pandas.DataFrame:
        """Discounted USD by line, with the total and the proven bound."""
        return self._frame(self.cost_rows, "line")

    @cached_property
    def cash(self) -> pandas.DataFrame:
        """Undiscounted USD by fiscal year and line, to the last payment."""
        return self._frame(self.cash_rows, "fiscal_year", "line")

    @cached_property
    def obligations(self) -> pandas.DataFrame:
        """Undiscounted USD of fixed payments still owed at the end of a month."""
        return self._frame(self.obligation_rows, "end_of")

    @cached_property
    def service(self) -> pandas.DataFrame:
        """Share of the mean requests served, by workload, over the horizon."""
        return self._frame(self.service_rows, "workload")

    @cached_property
    def throughput(self) -> pandas.DataFrame:
        """Tokens served per discounted USD, by workload."""
        return self._frame(self.throughput_rows, "workload")

    @cached_property
    def risk(self) -> pandas.DataFrame:
        """Lock-in and concentration, with their units."""
        return self._frame(self.risk_rows, "figure", "unit")

    @cached_property
    def providers(self) -> pandas.DataFrame:
        """Share of each provider in what is paid inside the horizon."""
        return self._frame(self.provider_rows, "provider")

    @cached_property
    def kpis(self) -> pandas.DataFrame:
        """The other key figures with their units."""
        return self._frame(self.kpi_rows, "kpi", "unit")

    def _frame(self, rows: list[Row], *first: str) -> pandas.DataFrame:
        import pandas

        return pandas.DataFrame(rows, columns=[*first, *self.labels])

    def to_document(self) -> dict[str, Any]:
        """Everything as plain JSON types."""
        return {
            "plans": self.labels,
            "world": self.world,
            "comparable": self.comparable,
            "questions": self.questions,
            "inputs": self.input_rows,
            "decisions": self.deal_rows,
            "money": self.money,
            "cost": self.cost_rows,
            "cash": self.cash_rows,
            "obligations": self.obligation_rows,
            "service": self.service_rows,
            "throughput": self.throughput_rows,
            "risk": self.risk_rows,
            "providers": self.provider_rows,
            "kpis": self.kpi_rows,
        }

    def __rich_console__(self, console: object, options: ConsoleOptions) -> RenderResult:
        from rich.table import Table

        yield from [*self.questions, *self.money]
        for name in ("inputs", "deals", "cost", "obligations", "service", "throughput", "risk", "providers", "kpis"):
            frame = getattr(self, name)
            table = Table(*map(str, frame.columns), title=name)
            for row in frame.itertuples(index=False):
                table.add_row(*(number(cell) if isinstance(cell, float) else str(cell) for cell in row))
            yield table


def compare(
    *plans: Plan | Instance,
    labels: Sequence[str] | None = None,
    world: Plan | Instance | None = None,
    **limits: Any,
) -> Comparison:
    """Compare two or more plans, or one plan or more with what is best in a `world`.

    An instance stands for its best plan, which is searched for with the `limits` of `offtake.solve`. `labels` name the
    plans, the world last; by default the names of their instances, told apart by number. Raises ValueError for fewer
    than two plans or labels that do not fit, NoPlan for an instance without a plan, and NotHeld where the signings of a
    plan cannot be those of the world.
    """
    given = [*plans, *([] if world is None else [world])]
    if len(given) < 2:
        raise ValueError("a comparison needs two plans or more, or a plan and a world")
    solved = [_plan(each, limits) for each in given]
    names = _labels(solved) if labels is None else list(labels)
    if len(names) != len(given) or not fit_as_labels(names):
        raise ValueError(f"{len(given)} plans need {len(given)} different labels, not {names}")
    if world is None:
        return _side_by_side(names, [plan.to_document() for plan in solved])
    return _in_world(names, solved, limits)


def fit_as_labels(names: Sequence[str]) -> bool:
    """Whether they are different, and none of them heads another column of the tables."""
    return len({*names, *OTHER_COLUMNS}) == len(names) + len(OTHER_COLUMNS)


def _plan(given: Plan | Instance, limits: dict[str, Any]) -> Plan:
    from .. import engine
    from ..plan import Plan

    return given if isinstance(given, Plan) else engine.solve(given, **limits)


def _labels(plans: Sequence[Plan]) -> list[str]:
    names = [plan.name for plan in plans]
    return [f"{name} ({k})" if names.count(name) > 1 else name for k, name in enumerate(names, start=1)]


def _side_by_side(labels: list[str], documents: list[Row]) -> Comparison:
    """Each plan in its own instance."""
    instances = [document["instance"]["document"] for document in documents]
    parts = [differing_parts(instances[0], other) for other in instances[1:]]
    questions = [
        f"{labels[0]} and {label} answer different questions: they differ in {listed(differ)}. The difference of their "
        "costs is no saving."
        for label, differ in zip(labels[1:], parts, strict=True)
        if differ
    ]
    money = [
        sentence
        for label, other, differ in zip(labels[1:], documents[1:], parts, strict=True)
        for sentence in _outcome(labels[0], documents[0], label, other, not differ)
    ]
    return Comparison(labels, None, not questions, questions, **_tables(labels, instances, documents), money=money)


def _in_world(labels: list[str], plans: list[Plan], limits: dict[str, Any]) -> Comparison:
    """All plans in the instance of the last one."""
    from .held import hold

    *others, there = plans
    bound = {"bound_usd": there.bound_usd}
    held = [{**hold(plan, there.instance, **limits).to_document(), **bound} for plan in others]
    documents = [*held, there.to_document()]
    money = [
        f"The signings of {label} cost {usd(document['objective_usd'])} in the world of {labels[-1]}, and "
        f"{usd(plan.objective_usd)} in their own."
        for label, plan, document in zip(labels, others, held, strict=False)
    ]
    for label, other in zip(labels[1:], documents[1:], strict=True):
        money += _outcome(labels[0], documents[0], label, other, True)
    instances = [plan.to_document()["instance"]["document"] for plan in plans]
    return Comparison(labels, labels[-1], True, [], **_tables(labels, instances, documents), money=money)


def _tables(labels: list[str], instances: list[Row], documents: list[Row]) -> dict[str, list[Row]]:
    return {
        "input_rows": changes(labels, instances),
        "deal_rows": decisions(labels, documents),
        "cost_rows": side_by_side.cost(labels, documents),
        "cash_rows": side_by_side.cash(labels, documents),
        "obligation_rows": side_by_side.obligations(labels, documents),
        "service_rows": side_by_side.service(labels, documents),
        "throughput_rows": side_by_side.tokens_per_usd(labels, documents),
        "risk_rows": side_by_side.risk(labels, documents),
        "provider_rows": side_by_side.providers(labels, documents),
        "kpi_rows": side_by_side.kpis(labels, documents),
    }


def _outcome(first: str, a: Row, second: str, b: Row, comparable: bool) -> Iterator[str]:
    """What the second plan costs against the first, and what the bounds prove about it."""
    margin = any(document["kpis"].get("value_usd") is not None for document in (a, b))
    difference = b["objective_usd"] - a["objective_usd"]
    if usd(abs(difference)) == usd(0.0):
        same = (
            f"leave the same, value less cost: {usd(-a['objective_usd'])}"
            if margin
            else (f"cost the same: {usd(a['objective_usd'])}")
        )
        yield f"{first} and {second} {same}."
        return
    word = "less" if (difference > 0) == margin else "more"
    share = f" ({abs(difference) / abs(a['objective_usd']):.2%})" if a["objective_usd"] and comparable else ""
    verb, what = ("leaves", ", value less cost") if margin else ("costs", "")
    yield f"{second} {verb} {usd(abs(difference))} {word} than {first}{share}{what}."
    low, high = b["bound_usd"] - a["objective_usd"], b["objective_usd"] - a["bound_usd"]
    if comparable and a["instance"]["sha256"] != b["instance"]["sha256"] and low <= 0 <= high:
        yield (
            f"The gaps do not prove that the best plan of {second} {verb} {word}: the difference of the costs of the "
            f"best plans lies between {usd(low)} and {usd(high)}."
        )
