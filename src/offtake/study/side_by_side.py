"""Tables of plans side by side: one row for each deal, line, year, workload or figure, one value for each plan.

They read plan documents and nothing else. Of a plan for several futures the values are expected ones. Rows that say
nothing of any plan are left out. Dollars are undiscounted unless said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..instance.months import Month
from ..plan import KPI_DEFINITIONS

Row = dict[str, Any]

RISK = (
    "peak_obligations_usd",
    "peak_obligations_month",
    "obligations_to_debt",
    "lock_in_months",
    "utilisation",
    "largest_provider_share_mw",
    "largest_provider_mw",
    "largest_provider_mw_month",
    "largest_provider_share_spend",
    "largest_provider_spend",
    "herfindahl_mw",
    "herfindahl_spend",
)
"""key figures that say how a plan could hurt; a comparison shows them on their own"""
HALF_A_CENT = 0.005


def _rows(name: str, labels: list[str], values: dict[Any, list[Any]]) -> list[Row]:
    """One row for each entry that says something."""
    told = {entry: row for entry, row in values.items() if any(value is not None and value != 0.0 for value in row)}
    return [{name: entry, **dict(zip(labels, row, strict=True))} for entry, row in told.items()]


def _summed(document: Row, rows: Iterable[Row], key: Callable[[Row], Any], value: str = "usd") -> dict[Any, float]:
    """Expected sums of a table by what `key` says of its rows."""
    sums: dict[Any, float] = {}
    for row in rows:
        weight = document["futures"][row["scenario"]]["probability"] if "scenario" in row else 1.0
        sums[key(row)] = sums.get(key(row), 0.0) + weight * row[value]
    return sums


def _beside(sums: list[dict[Any, float]]) -> dict[Any, list[float]]:
    """The same entries of every plan, 0 where a plan has none."""
    return {entry: [each.get(entry, 0.0) for each in sums] for entry in dict.fromkeys(e for each in sums for e in each)}


def cost(labels: list[str], documents: list[Row]) -> list[Row]:
    """Discounted USD by line of the objective, then the total and what is proven of it."""
    sums = [_summed(document, document["cost"], lambda row: row["line"]) for document in documents]
    for own, document in zip(sums, documents, strict=True):
        if "risk" in document:
            own["risk"] = document["objective_usd"] - document["risk"]["expected_cost_usd"]
    proven = {"total": "objective_usd", "proven bound": "bound_usd"}
    ends = [
        {"line": line, **{label: document[key] for label, document in zip(labels, documents, strict=True)}}
        for line, key in proven.items()
    ]
    return _rows("line", labels, _beside(sums)) + ends


def cash(labels: list[str], documents: list[Row]) -> list[Row]:
    """USD paid by fiscal year of the first plan and line, to the last payment."""
    begins = fiscal_year_start(documents[0])

    def entry(row: Row) -> tuple[str, str]:
        return fiscal_year(row["month"], begins), row["line"]

    table = _beside([_summed(document, document["cash"], entry) for document in documents])
    order = sorted(table, key=lambda entry: entry[0])
    told = _rows("entry", labels, {entry: table[entry] for entry in order})
    return [{"fiscal_year": (entry := row.pop("entry"))[0], "line": entry[1], **row} for row in told]


def fiscal_year_start(document: Row) -> int:
    """1 for January to 12 for December."""
    return document["instance"]["document"].get("finance", {}).get("fiscal_year_start", 1)


def fiscal_year(month: str, begins: int) -> str:
    """The calendar years that the fiscal year of a month touches.

    >>> fiscal_year("2027-03", 1), fiscal_year("2027-03", 7)
    ('2027', '2026/27')
    """
    year = Month.parse(month).fiscal_year(begins)
    return str(year) if begins == 1 else f"{year}/{(year + 1) % 100:02d}"


def obligations(labels: list[str], documents: list[Row]) -> list[Row]:
    """USD of fixed payments still owed at the ends of the fiscal years of the first plan, and of every horizon."""
    begins = fiscal_year_start(documents[0])
    owed = [_summed(document, document["obligations"], lambda row: row["month"]) for document in documents]
    horizons = [_horizon(document) for document in documents]
    within = range(min(start for start, _ in horizons), max(end for _, end in horizons))
    ends = {Month(end - 1) for _, end in horizons}
    dates = [Month(m) for m in within if m in ends or Month(m + 1).number == begins]
    return _rows("end_of", labels, {str(date): [each.get(str(date), 0.0) for each in owed] for date in dates})


def _horizon(document: Row) -> tuple[Month, Month]:
    """Its first month, and the first one after it."""
    stated = document["instance"]["document"]["horizon"]
    start = Month.parse(stated["start"])
    return start, start + stated["months"]


def service(labels: list[str], documents: list[Row]) -> list[Row]:
    """Share of the mean requests served, by workload, over the horizon; None where a plan has no such workload."""
    workloads = dict.fromkeys(row["workload"] for document in documents for row in document["service"])
    return [
        {"workload": workload, **{label: _served(d, workload) for label, d in zip(labels, documents, strict=True)}}
        for workload in workloads
    ]


def _served(document: Row, workload: str) -> float | None:
    """Months weighted by what they ask for."""
    rows = [row for row in document["service"] if row["workload"] == workload]
    if not rows:
        return None
    asked = [{**row, "requests": row["mean_requests_per_s"] * Month.parse(row["month"]).hours} for row in rows]
    served = [{**row, "requests": row["requests"] * row["served_share"]} for row in asked]
    total, done = (
        sum(_summed(document, each, lambda row: row["month"], "requests").values()) for each in (asked, served)
    )
    return done / total if total else 1.0


def tokens_per_usd(labels: list[str], documents: list[Row]) -> list[Row]:
    """Tokens served per discounted USD of compute, by workload and of all of them: what throughput a dollar buys."""
    prices = [_prices(document) for document in documents]
    workloads = dict.fromkeys(workload for each in prices for workload in each)
    inverse = {
        workload: [1e6 / usd if (usd := each.get(workload)) else None for each in prices] for workload in workloads
    }
    return _rows("workload", labels, inverse)


def _prices(document: Row) -> dict[str, float | None]:
    """workload -> USD per million tokens; all of them last, if there are several."""
    kpis = document["kpis"]
    own = kpis.get("usd_per_million_tokens_by_workload") or {}
    return {**own, "in all": kpis.get("usd_per_million_tokens")} if len(own) > 1 else own


def risk(labels: list[str], documents: list[Row]) -> list[Row]:
    """Lock-in and concentration: key figures, what is owed to one group of providers, and the worst future."""
    more = [_owed_to_one(document) | _worst_future(document) for document in documents]
    found = {name: [document["kpis"].get(name) for document in documents] for name in RISK}
    titled = {(KPI_DEFINITIONS[name].title, KPI_DEFINITIONS[name].unit): values for name, values in found.items()}
    for entry in dict.fromkeys(entry for each in more for entry in each):
        titled[entry] = [each.get(entry) for each in more]
    told = {entry: values for entry, values in titled.items() if any(value is not None for value in values)}
    return [
        {"figure": title, "unit": unit, **dict(zip(labels, values, strict=True))}
        for (title, unit), values in told.items()
    ]


def _owed_to_one(document: Row) -> dict[tuple[str, str], float | str]:
    """Of what is owed, prepayments not used included, at the month end with the most: the share of the largest group of
    providers, and its name."""
    rows = [
        {**row, "usd": row["owed_usd"] + row["prepaid_unused_usd"]}
        for row in document.get("ledgers", {}).get("exposure", [])
    ]
    by_month = _summed(document, rows, lambda row: row["month"])
    if max(by_month.values(), default=0.0) <= HALF_A_CENT:
        return {}
    worst = max(by_month, key=lambda month: by_month[month])
    groups = _summed(document, [row for row in rows if row["month"] == worst], lambda row: row["group"])
    largest = max(groups, key=lambda group: groups[group])
    return {
        ("Most exposed: owed and paid ahead", "USD"): by_month[worst],
        ("Share of the largest group in that", "share"): groups[largest] / by_month[worst],
        ("Which group that is", "name"): largest,
    }


def _worst_future(document: Row) -> dict[tuple[str, str], float | str]:
    """What the dearest future costs, of a plan for several."""
    costs = {name: own["objective_usd"] for name, own in document.get("futures", {}).items()}
    if not costs:
        return {}
    worst = max(costs, key=lambda name: costs[name])
    return {("Cost of the dearest future", "USD"): costs[worst], ("Which future that is", "name"): worst}


def providers(labels: list[str], documents: list[Row]) -> list[Row]:
    """Share of each provider in the USD paid inside the horizon to providers."""
    return _rows("provider", labels, _beside([_spend_shares(document) for document in documents]))


def _spend_shares(document: Row) -> dict[str, float]:
    stated = document["instance"]["document"]
    seller = {
        key: supply["provider"]
        for section in ("offers", "signed", "commitments")
        for key, supply in stated.get(section, {}).items()
    }
    _, end = _horizon(document)
    paid = [row for row in document["cash"] if row["offer"] in seller and Month.parse(row["month"]) < end]
    spend = _summed(document, paid, lambda row: seller[row["offer"]])
    total = sum(spend.values())
    return {provider: usd / total for provider, usd in spend.items()} if total > 0 else {}


def kpis(labels: list[str], documents: list[Row]) -> list[Row]:
    """Key figures with their units, but for those of `risk`."""
    figures = {
        name: [document["kpis"].get(name) for document in documents] for name in KPI_DEFINITIONS if name not in RISK
    }
    return [
        {"kpi": name, "unit": KPI_DEFINITIONS[name].unit, **dict(zip(labels, values, strict=True))}
        for name, values in figures.items()
        if any(value is not None for value in values)
    ]
