"""Plans side by side: first what was asked differently, then what was decided differently.

Every plan is compared with the first one. Plans that answer different questions (horizon, demand, discounting)
can be laid side by side, but the difference of their costs is then no saving; `comparable` says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..instance.months import Month
from ..plan import KPI_DEFINITIONS
from .wording import usd

if TYPE_CHECKING:
    import pandas

    from ..plan import Plan

QUESTION = {
    "horizon": "the horizon",
    "day": "the blocks of the day",
    "workloads": "the demand",
    "finance.discounting": "discounting",
    "finance.terminal": "the charge for terms that outlive the horizon",
    "uncertainty": "the scenarios",
}
"""Parts of the instance that make two plans answers to different questions."""
MOST_LISTED = 12
ABSENT = object()

Row = dict[str, Any]


@dataclass(frozen=True)
class Comparison:
    """Plans side by side; the columns of the tables are `labels`."""

    labels: list[str]
    comparable: bool
    """False if the horizon, the demand or the discounting differ"""
    differences: list[str]
    """sentences: differing inputs first, then what they and the decisions did to the cost"""
    deal_rows: list[Row]
    cost_rows: list[Row]
    service_rows: list[Row]
    kpi_rows: list[Row]

    @cached_property
    def deals(self) -> pandas.DataFrame:
        """offer, one column of words per plan, and change: same, added, dropped or changed against the first plan."""
        return _frame(self.deal_rows, ["offer", *self.labels, "change"])

    @cached_property
    def cost(self) -> pandas.DataFrame:
        """Discounted USD by line, with the total and the proven bound."""
        return _frame(self.cost_rows, ["line", *self.labels])

    @cached_property
    def service(self) -> pandas.DataFrame:
        """Share of the mean requests served, by workload, over the horizon."""
        return _frame(self.service_rows, ["workload", *self.labels])

    @cached_property
    def kpis(self) -> pandas.DataFrame:
        """Key figures with their units."""
        return _frame(self.kpi_rows, ["kpi", "unit", *self.labels])

    def to_document(self) -> dict[str, Any]:
        """Everything as plain JSON types."""
        return {
            "plans": self.labels,
            "comparable": self.comparable,
            "differences": self.differences,
            "deals": self.deal_rows,
            "cost": self.cost_rows,
            "service": self.service_rows,
            "kpis": self.kpi_rows,
        }


def _frame(rows: list[Row], columns: list[str]) -> pandas.DataFrame:
    import pandas

    return pandas.DataFrame(rows, columns=columns)


def compare(*plans: Plan, labels: Sequence[str] | None = None) -> Comparison:
    """Compare two or more plans. `labels` name them; by default the names of their instances, told apart by number.

    Raises ValueError for fewer than two plans, or labels that do not fit.
    """
    if len(plans) < 2:
        raise ValueError("a comparison needs two plans or more")
    names = _labels(plans) if labels is None else list(labels)
    if len(names) != len(plans) or len(set(names)) != len(names):
        raise ValueError(f"{len(plans)} plans need {len(plans)} different labels, not {names}")
    documents = [plan.to_document() for plan in plans]
    differences: list[str] = []
    comparable = True
    for name, document in zip(names[1:], documents[1:], strict=True):
        asked, same = _inputs(names[0], documents[0], name, document)
        comparable &= same
        differences += [*asked, *_outcome(names[0], documents[0], name, document, same)]
    return Comparison(
        labels=names,
        comparable=comparable,
        differences=differences,
        deal_rows=_deals(names, documents),
        cost_rows=_cost(names, documents),
        service_rows=_service(names, documents),
        kpi_rows=_kpis(names, documents),
    )


def _labels(plans: Sequence[Plan]) -> list[str]:
    names = [plan.name for plan in plans]
    return [f"{name} ({k})" if names.count(name) > 1 else name for k, name in enumerate(names, start=1)]


def _inputs(first: str, a: Row, second: str, b: Row) -> tuple[list[str], bool]:
    """Sentences on what the instances ask differently, and whether they ask the same question."""
    old, new = ({"finance": {}, **document["instance"]["document"]} for document in (a, b))
    if a["instance"]["sha256"] == b["instance"]["sha256"]:
        return [], True
    changed = [path for path, _, _ in _leaves(old, new)]
    parts = [words for part, words in QUESTION.items() if any(_inside(path, part) for path in changed)]
    said = []
    if parts:
        said.append(
            f"{first} and {second} answer different questions: they differ in {_listed(parts)}. The difference of "
            "their costs is no saving."
        )
    leaves = [leaf for leaf in _leaves(old, new) if leaf[0] != "name"]
    said += [_change(path, first, before, second, after) for path, before, after in leaves[:MOST_LISTED]]
    if len(leaves) > MOST_LISTED:
        said.append(f"{len(leaves) - MOST_LISTED} more keys of their instances differ.")
    return said, not parts


def _inside(path: str, part: str) -> bool:
    return path == part or path.startswith((f"{part}.", f"{part}["))


def _leaves(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(path, old, new) where two JSON values differ; a whole branch that only one of them has is one leaf."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            yield from _leaves(old.get(key, ABSENT), new.get(key, ABSENT), f"{path}.{key}" if path else key)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for k, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _leaves(before, after, f"{path}[{k}]")
    elif old is ABSENT or new is ABSENT or old != new:
        yield path, old, new


def _change(path: str, first: str, before: Any, second: str, after: Any) -> str:
    if before is ABSENT or after is ABSENT:
        only, value = (second, after) if before is ABSENT else (first, before)
        shown = "" if isinstance(value, dict | list) else f" = {_value(value)}"
        return f"Only {only} states {path}{shown}."
    return f"{path}: {_value(before)} in {first}, {_value(after)} in {second}."


def _value(value: Any) -> str:
    if isinstance(value, dict | list):
        return f"{len(value)} entries"
    return f"{value:,.6g}" if isinstance(value, float) else str(value)


def _outcome(first: str, a: Row, second: str, b: Row, comparable: bool) -> list[str]:
    """What the second plan costs against the first, and what the bounds prove about it."""
    difference = b["objective_usd"] - a["objective_usd"]
    if difference == 0:
        return [f"{first} and {second} cost the same: {usd(a['objective_usd'])}."]
    word = "less" if difference < 0 else "more"
    share = f" ({abs(difference) / abs(a['objective_usd']):.2%})" if a["objective_usd"] and comparable else ""
    said = [f"{second} costs {usd(abs(difference))} {word} than {first}{share}."]
    low, high = b["bound_usd"] - a["objective_usd"], b["objective_usd"] - a["bound_usd"]
    if comparable and a["instance"]["sha256"] != b["instance"]["sha256"] and low <= 0 <= high:
        said.append(
            f"The gaps do not prove that the best plan of {second} costs {word}: the difference of the best "
            f"plans lies between {usd(low)} and {usd(high)}."
        )
    return said


def _deals(labels: list[str], documents: list[Row]) -> list[Row]:
    offers = dict.fromkeys(deal["offer"] for document in documents for deal in document["deals"])
    rows: list[Row] = []
    for offer in offers:
        signed = [[deal for deal in document["deals"] if deal["offer"] == offer] for document in documents]
        for cells in _aligned(signed):
            words = {
                label: _deal_words(deal, len(document.get("futures", {})))
                for label, deal, document in zip(labels, cells, documents, strict=True)
            }
            rows.append({"offer": offer, **words, "change": _kind(cells)})
    return rows


def _aligned(signed: list[list[Row]]) -> list[list[Row | None]]:
    """Deals of one offer in several plans, one row per deal: the same start and term together, the rest in order."""
    rows: list[list[Row | None]] = [[deal] for deal in signed[0]]
    for column, deals in enumerate(signed[1:], start=1):
        left = list(deals)
        chosen: dict[int, Row] = {}
        for same in (_same_dates, lambda row, deal: True):
            for k, row in enumerate(rows):
                match = next((deal for deal in left if k not in chosen and same(row, deal)), None)
                if match is not None:
                    chosen[k] = match
                    left.remove(match)
        rows = [[*row, chosen.get(k)] for k, row in enumerate(rows)]
        rows += [[None] * column + [deal] for deal in left]
    return rows


def _same_dates(row: list[Row | None], deal: Row) -> bool:
    return any(other is not None and _dates(other) == _dates(deal) for other in row)


def _dates(deal: Row) -> tuple[str, int, int, str]:
    return deal["start"], deal["months"], deal["term"], deal.get("right", "")


def _deal_words(deal: Row | None, scenarios: int) -> str:
    """`scenarios`: how many futures its plan has; 0 for one."""
    if deal is None:
        return ""
    blocks = f"{deal['blocks']} block{'' if deal['blocks'] == 1 else 's'}"
    right = {"break": "break of ", "": ""}.get(deal.get("right", ""), f"{deal.get('right')} of ")
    only = deal.get("scenarios", []) if len(deal.get("scenarios", [])) < scenarios else []
    known = f", only in {_listed(only)}" if only else ""
    if not deal["months"]:
        return f"{right}{blocks}, signed in {deal['signing']}{known}"
    last = Month.parse(deal["start"]) + (deal["months"] - 1)
    return f"{right}{blocks} from {deal['start']} to {last}, term {deal['term']}{known}"


def _kind(cells: list[Row | None]) -> str:
    if cells[0] is None:
        return "added"
    if all(cell is None for cell in cells[1:]):
        return "dropped"
    same = all(
        cell is not None and (_dates(cell), cell["blocks"]) == (_dates(cells[0]), cells[0]["blocks"])
        for cell in cells[1:]
    )
    return "same" if same else "changed"


def _cost(labels: list[str], documents: list[Row]) -> list[Row]:
    lines = dict.fromkeys(row["line"] for document in documents for row in document["cost"])
    rows: list[Row] = []
    for line in lines:
        usd = [
            sum(_weight(document, row) * row["usd"] for row in document["cost"] if row["line"] == line)
            for document in documents
        ]
        rows.append({"line": line, **dict(zip(labels, usd, strict=True))})
    for line, key in (("total", "objective_usd"), ("proven bound", "bound_usd")):
        rows.append({"line": line, **{label: d[key] for label, d in zip(labels, documents, strict=True)}})
    return rows


def _weight(document: Row, row: Row) -> float:
    """Of a row in what is expected: the probability of its future."""
    return document["futures"][row["scenario"]]["probability"] if "scenario" in row else 1.0


def _service(labels: list[str], documents: list[Row]) -> list[Row]:
    workloads = dict.fromkeys(row["workload"] for document in documents for row in document["service"])
    return [
        {"workload": workload, **{label: _served(d, workload) for label, d in zip(labels, documents, strict=True)}}
        for workload in workloads
    ]


def _served(document: Row, workload: str) -> float | None:
    """Share served over the horizon, months weighted by what they ask for; None where the plan has no such workload."""
    rows = [row for row in document["service"] if row["workload"] == workload]
    weights = [_weight(document, row) * row["mean_requests_per_s"] * Month.parse(row["month"]).hours for row in rows]
    if not rows:
        return None
    total = sum(weights)
    return sum(w * row["served_share"] for w, row in zip(weights, rows, strict=True)) / total if total else 1.0


def _kpis(labels: list[str], documents: list[Row]) -> list[Row]:
    known = [name for name in KPI_DEFINITIONS if any(name in document["kpis"] for document in documents)]
    return [
        {
            "kpi": name,
            "unit": KPI_DEFINITIONS[name].unit,
            **{label: d["kpis"].get(name) for label, d in zip(labels, documents, strict=True)},
        }
        for name in known
    ]


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
