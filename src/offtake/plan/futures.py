"""Plans for several futures: their tables side by side, and the plan of one of them on its own.

In the document of several futures every table has a first column `scenario`; a deal stands once for each node in which
it is signed, with the scenarios that pass through it and what it is paid in each; decisions carry their nodes. The
document of one future is that of an instance of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import instance as instances
from ..instance import scenarios
from . import document as documents
from .kpis import KPI_DEFINITIONS

if TYPE_CHECKING:
    from ..compile import Compiled
    from ..instance.schema import Instance

Document = dict[str, Any]

BY_SCENARIO = (
    "capacity",
    "service",
    "cash",
    "obligations",
    "cost",
    "shed",
    "commitments",
    "ports",
    "offers",
    "tails",
    "training",
    "rollouts",
)
"""tables with a row for each future"""
NODE_AT = {
    "serve": 4,
    "unserved": 3,
    "beyond": 3,
    "committed": 1,
    "covered": 4,
    "sublet": 2,
    "late": 2,
    "ported": 3,
    "rerouted": 5,
}
"""where the node of a decision stands in its row"""
WHEN = {"serve": 2, "unserved": 1, "beyond": 2, "covered": 2, "sublet": 1, "late": 1, "ported": 2, "rerouted": 3}
"""where its period stands, or its month"""
BY_MONTH = ("covered", "ported")
"""decisions of a month, not of a period"""


def joined(compiled: Compiled, sections: dict[str, Document], bounds: dict[str, float]) -> Document:
    """The sections of every future as those of one document; without deals and decisions, which are common.

    `bounds`: scenario -> what no plan of that future alone costs less than; the solve proves something about all only.
    """
    probabilities = {future.name: future.probability for future in scenarios.futures(compiled.instance)}
    ledgers = {name: _rows({s: part["ledgers"] for s, part in sections.items()}, name) for name in documents.LEDGERS}
    return {
        **{table: _rows(sections, table) for table in BY_SCENARIO},
        "ledgers": ledgers,
        "kpis": _expected(probabilities, {name: part["kpis"] for name, part in sections.items()}),
        "futures": {
            name: {
                "probability": probabilities[name],
                "objective_usd": sum(row["usd"] for row in part["cost"]),
                "bound_usd": bounds[name],
                "kpis": part["kpis"],
            }
            for name, part in sections.items()
        },
    }


def cvar(costs: list[tuple[float, float]], level: float) -> float:
    """Mean cost of the dearest 1 - level of the futures. `costs`: (probability, USD) of each."""
    left, total = 1 - level, 0.0
    for chance, usd in sorted(costs, key=lambda each: -each[1]):
        counted = min(chance, left)
        total, left = total + counted * usd, left - counted
    return total / (1 - level)


def risk(instance: Instance, futures: Document) -> Document:
    """What the objective weighs, by what the futures cost."""
    stated = instance.policy.risk
    costs = [(each["probability"], each["objective_usd"]) for each in futures.values()]
    return {
        "mean_weight": stated.mean_weight,
        "weight": stated.weight,
        "cvar_level": stated.cvar_level,
        "expected_cost_usd": sum(chance * usd for chance, usd in costs),
        "cvar_usd": cvar(costs, stated.cvar_level),
    }


def _rows(sections: dict[str, Document], table: str) -> list[Document]:
    return [{"scenario": name, **row} for name, part in sections.items() for row in part[table]]


def _expected(probabilities: dict[str, float], kpis: dict[str, Document]) -> Document:
    """Figures of which a mean over the futures says something."""
    names = [name for name, definition in KPI_DEFINITIONS.items() if definition.expected]
    found = {}
    for name in names:
        values = {scenario: each[name] for scenario, each in kpis.items() if each.get(name) is not None}
        if len(values) == len(kpis):
            found[name] = sum(probabilities[scenario] * value for scenario, value in values.items())
    return found


def joined_deals(compiled: Compiled, rows: dict[str, list[Document]], keys: dict[str, list[tuple[int, int]]]) -> tuple:
    """Deals of all futures, once for each node, and the row of each (deal, node).

    `rows`: scenario -> its table of deals; `keys`: scenario -> (deal, node) of each row. What is paid differs by
    future: `cash_usd` and `npv_usd` are expected, given the node.
    """
    chance = {future.name: future.probability for future in scenarios.futures(compiled.instance)}
    found: dict[tuple[int, int], Document] = {}
    for name, table in rows.items():
        for key, row in zip(keys[name], table, strict=True):
            paid = {"cash_usd": row["cash_usd"], "npv_usd": row["npv_usd"]}
            found.setdefault(key, {**row, "node": key[1], "by_scenario": {}})["by_scenario"][name] = paid
    order = {key: number for number, key in enumerate(found)}
    for row in found.values():
        through = row["by_scenario"]
        total = sum(chance[name] for name in through)
        for figure in ("cash_usd", "npv_usd"):
            row[figure] = sum(chance[name] * paid[figure] for name, paid in through.items()) / total
        first = next(iter(through))
        if isinstance(row["follows"], int):
            row["follows"] = order[keys[first][row["follows"]]]
        row["scenarios"] = list(through)
    return list(found.values()), order


def future(document: Document, name: str, instance: Instance) -> Document:
    """The plan document of one future. `instance`: the one of several futures that the document answers.

    Raises KeyError for a scenario that the document does not have.
    """
    own = document["futures"][name]
    alone = next(each.instance for each in scenarios.futures(instance) if each.name == name)
    rows, place = _own_deals(document["deals"], name)
    decided = _Path(instance, document, name)
    stored = {"sha256": instances.sha256(alone), "document": instances.to_document(alone)}
    own_only = ("futures", "risk", "audit", "other_rule", *BY_SCENARIO)
    shared = {key: value for key, value in document.items() if key not in own_only}
    return {
        **shared,
        "instance": {"name": f"{document['instance']['name']}: {name}", **stored},
        "status": "one_of_several",
        "of_several": {"scenario": name, "gap": document["gap"]},
        "objective_usd": own["objective_usd"],
        "bound_usd": own["bound_usd"],
        "gap": (own["objective_usd"] - own["bound_usd"]) / abs(own["objective_usd"]) if own["objective_usd"] else 0.0,
        "deals": rows,
        "decisions": {
            kind: [_renumbered(kind, row, place) for row in table if decided.on_path(kind, row)]
            for kind, table in document["decisions"].items()
        },
        **{table: _own(document[table], name) for table in BY_SCENARIO},
        "ledgers": {ledger: _own(table, name) for ledger, table in document["ledgers"].items()},
        "kpis": own["kpis"],
    }


def _own(rows: list[Document], name: str) -> list[Document]:
    return [{key: value for key, value in row.items() if key != "scenario"} for row in rows if row["scenario"] == name]


def _own_deals(rows: list[Document], name: str) -> tuple[list[Document], dict[int, int]]:
    """The deals of one future, and the new place of each row."""
    mine = [number for number, row in enumerate(rows) if name in row["by_scenario"]]
    place = {number: k for k, number in enumerate(mine)}
    found = []
    for number in mine:
        row = {key: value for key, value in rows[number].items() if key not in ("by_scenario", "scenarios")}
        follows = place[row["follows"]] if isinstance(row["follows"], int) else row["follows"]
        found.append({**row, **rows[number]["by_scenario"][name], "node": 0, "follows": follows})
    return found, place


def _renumbered(kind: str, row: list[Any], place: dict[int, int]) -> list[Any]:
    """The row at node 0; use beyond take-or-pay names the row of its deal."""
    own = [*row[: NODE_AT[kind]], 0, *row[NODE_AT[kind] + 1 :]]
    if kind == "beyond" and isinstance(own[0], int):
        own[0] = place[own[0]]
    return own


class _Path:
    """The nodes that one future passes through."""

    def __init__(self, instance: Instance, document: Document, name: str):
        position = scenarios.names(instance).index(name)
        self.nodes = scenarios.node_of(instance)[position]
        self.months = [start - instance.horizon.start for start in scenarios.period_starts(instance)]
        self.signed = {key: _month_taken(instance, key) for key in instance.commitments}

    def on_path(self, kind: str, row: list[Any]) -> bool:
        """Whether a decision stands on the path."""
        if kind == "committed":
            month = self.signed[row[0]]
        else:
            month = row[WHEN[kind]] if kind in BY_MONTH else self.months[row[WHEN[kind]]]
        return row[NODE_AT[kind]] == self.nodes[min(month, len(self.nodes) - 1)]


def _month_taken(instance: Instance, key: str) -> int:
    """Month of the horizon in which a commitment is taken."""
    stated = instance.commitments[key]
    return 0 if stated.mandatory else max(stated.window.start - instance.horizon.start, 0)
