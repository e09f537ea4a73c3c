"""A plan document as a page of text: what to sign, what it costs, how good it is, and why nothing else was taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from offtake.plan import KPI_DEFINITIONS
from offtake.plan.kpis import shown

from . import (
    by_time,
    commitments,
    contingencies,
    ledgers,
    margin,
    ports,
    rollouts,
    scenarios,
    shed,
    tails,
    terms,
    training,
    words,
)
from .tables import facts, section, table

Document = dict[str, Any]

SOURCES_SHOWN = 4
AUDIT_FINDINGS_SHOWN = 20
INDENT = 2
"""columns by which what follows a deal stands below it"""


def plan(document: Document, width: int) -> list[RenderableType]:
    """Every section of the page, for a terminal that many columns wide; of several futures what they have in common."""
    document = words.printable(document)
    if "futures" in document:
        parts = [headline(document), scenarios.scenarios(document), deals(document), tails.tails(document)]
        return [*(part for part in parts if part is not None), conventions(document)]
    parts = [
        headline(document),
        deals(document),
        commitments.commitments(document),
        ports.ports(document),
        contingencies.contingencies(document),
        by_time.held(document, width),
        service(document),
        training.training(document),
        rollouts.rollouts(document),
        margin.margin(document),
        shed.shed(document),
        by_time.cash(document, width),
        tails.tails(document),
        ledgers.ledgers(document, width),
        figures(document),
        offers(document),
        conventions(document),
    ]
    return [part for part in parts if part is not None]


def headline(document: Document) -> RenderableType:
    """What it costs, how good that is, and whether the audit agrees."""
    solver = document["solver"]
    took = f"{solver['name']} {solver['version']}, {solver['seconds']:,.1f} s, {words.plural(solver['nodes'], 'node')}"
    alone = "of_several" not in document
    sign, less = (-1, "brings more") if _earns(document) else (1, "costs less")
    cost = "cost less value" if document["kpis"].get("value_usd") is not None else "cost"
    what = "value less cost" if _earns(document) else cost
    if "risk" in document:
        what = f"{what}, weighed"
    rows = [
        ("answer", Text(verdict(document), style="bold")),
        (what, f"{words.usd(sign * document['objective_usd'])} (discounted, by the conventions below)"),
        *([("bound", f"{words.usd(sign * document['bound_usd'])}: no plan {less}")] if alone else []),
        ("solved by", took),
        ("audit", audit_line(document.get("audit"))),
    ]
    return section(document["instance"]["name"], facts(rows))


def verdict(document: Document) -> str:
    """How good the plan is, in words; "optimal" only if that is proven."""
    if "of_several" in document:
        proven = words.gap(document["of_several"]["gap"])
        return f"One future of a plan for several, which is proven within {proven} in expectation."
    gap, solver = document["gap"], document["solver"]
    stopped = {"time_limit": "Stopped at a limit. ", "interrupted": "Interrupted. "}.get(document["status"], "")
    if document["bound_usd"] <= 0 < document["objective_usd"]:
        return f"{stopped}Nothing is proven yet about how much less a plan could cost."
    less, cheapest, saved = ("costs less", "cheapest", "saved")
    if _earns(document):
        less, cheapest, saved = ("brings more", "best", "gained")
    if gap <= 1e-9:
        return f"{stopped}Proven optimal: no plan {less}."
    saving = words.usd(max(document["objective_usd"] - document["bound_usd"], 0.0))
    asked = f" (asked for {words.share(solver['gap_asked'])})" if "gap_asked" in solver else ""
    within = f"{stopped}Proven within {words.gap(gap)} of the {cheapest} plan{asked}"
    return f"{within}: at most {saving} could still be {saved}."


def _earns(document: Document) -> bool:
    """Whether what is served brings more than it costs: then less cost reads as more left."""
    return document.get("kpis", {}).get("value_usd") is not None and document["objective_usd"] < 0


def audit_line(audit: Document | None) -> Text:
    """One line on the report that is stored in a plan; the findings themselves are shown by `audit_findings`."""
    if not audit:
        return Text("not audited", style="yellow")
    return audit_result(audit, "passed when saved")


def audit_result(audit: Document, passed: str = "passed") -> Text:
    """How an audit ended."""
    checked = sum(rule["checked"] for rule in audit["rules"])
    if audit["passed"]:
        return Text(f"{passed}: {len(audit['rules'])} rules, {words.plural(checked, 'check')}", style="green")
    return Text(f"FAILED: {words.plural(len(audit['findings']), 'finding')}", style="bold red")


def audit_findings(audit: Document) -> RenderableType:
    found = audit["findings"]
    rows = [(finding["rule"], finding["sentence"]) for finding in found[:AUDIT_FINDINGS_SHOWN]]
    hidden = len(found) - len(rows)
    return section("Broken rules", table(["rule", "what is wrong"], rows), f"and {hidden} more" if hidden else "")


def audit_rules(audit: Document) -> RenderableType:
    rows = [(rule["rule"].replace("_", " "), *_checked(rule)) for rule in audit["rules"]]
    return section(
        "Audit",
        table(["rule", ">checks", ">worst miss"], rows),
        "worst miss: relative to the larger side; 1e-6 is allowed. Not audited, since only a search can know them: the "
        "bound, and with it how the plan is called, and which losses had to be asked for; nor reasons, conventions and "
        "tails",
    )


def _checked(rule: Document) -> tuple[str, str]:
    """How often, and the worst miss; a rule that the plan gives no occasion for has neither."""
    if not rule["checked"]:
        return "-", "-"
    worst = rule["worst_relative_violation"]
    return words.count(rule["checked"]), f"{worst:.1e}" if worst else "none"


def deals(document: Document) -> RenderableType | None:
    """What to sign, in the order of signing."""
    if not document["deals"]:
        return section("Deals to sign", Text("None: what is used is bought without signing."))
    rows = []
    for depth, deal in _in_order(document["deals"]):
        if isinstance(deal, str):
            rows.append((Text.assemble((deal, "bold"), "\nin force"), *[""] * 6))
        else:
            said = _deal_words(document, deal)
            rows.append((Padding(said, (0, 0, 0, INDENT * depth)), *_deal_figures(deal)))
    headers = ["offer", ">sign in", ">from", ">months", ">blocks", ">acceler-\nators", ">fees"]
    return section(
        "Deals to sign",
        table(headers, rows),
        f"fees: undiscounted fixed payments of the whole term, energy paid apart included, "
        f"{_all_fees(document)}; /h: an accelerator-hour; /month: a block and month; "
        f"/MW: a MW and month{_more_words(document)}",
    )


def _all_fees(document: Document) -> str:
    """Those of all deals; of several futures what is expected of them, since no future has all."""
    if "futures" not in document:
        return f"{words.usd(sum(deal['cash_usd'] for deal in document['deals']))} in all"
    chance = {name: own["probability"] for name, own in document["futures"].items()}
    paid = [entry for deal in document["deals"] for entry in deal["by_scenario"].items()]
    return f"{words.usd(sum(chance[name] * own['cash_usd'] for name, own in paid))} expected in all"


def _in_order(deals: list[Document]) -> Iterator[tuple[int, Document | str]]:
    """How deep each row stands: deals by signing, each with what follows it below it, then contracts in force (their
    ids) with what follows them."""
    below: dict[int | str | None, list[int]] = {}
    for number in sorted(range(len(deals)), key=lambda n: (deals[n]["signing"], deals[n]["start"], deals[n]["offer"])):
        below.setdefault(deals[number].get("follows"), []).append(number)

    def under(key: int | str | None, depth: int) -> Iterator[tuple[int, Document]]:
        for number in below.get(key, []):
            yield depth, deals[number]
            yield from under(number, depth + 1)

    yield from under(None, 0)
    for contract in sorted(key for key in below if isinstance(key, str)):
        yield 0, contract
        yield from under(contract, 1)


def _deal_words(document: Document, deal: Document) -> Text:
    only = scenarios.only_in(document, deal)
    if deal.get("right"):
        return Text(", ".join(filter(None, [terms.follow_on(document, deal), only])))
    said = f"{deal['provider']}: {terms.price(document, deal)}"
    late = terms.months_late(document, deal)
    delivered = f", delivered {words.plural(late, 'month')} late" if late else ""
    return Text.assemble((deal["offer"], "bold"), (f" {only}" if only else ""), f"\n{said}{delivered}")


def _deal_figures(deal: Document) -> list[str]:
    return [
        deal["signing"],
        deal["start"],
        str(deal["months"]) if deal["months"] else "",
        words.count(deal["blocks"]),
        words.count(deal["accelerators"]) if deal["accelerators"] else "",
        words.usd(deal["cash_usd"]),
    ]


def _more_words(document: Document) -> str:
    """What else the table of deals has to explain."""
    said = []
    own = [deal for deal in document["deals"] if not deal.get("right")]
    if any("forward" in terms.price(document, deal) for deal in own):
        said.append("forward: the forward curve, in the first month of service or in the month that is let")
    if any(deal.get("right") == "break" for deal in document["deals"]):
        said.append("broken off: what is not delivered and not paid any more")
    return "".join(f"; {sentence}" for sentence in said)


def service(document: Document) -> RenderableType | None:
    """Who is served, how well, at what cost, and from where; nothing if no workload brings requests."""
    safety = document["kpis"].get("safety_by_workload") or {}
    price = document["kpis"].get("usd_per_million_tokens_by_workload") or {}
    rows = []
    for name in dict.fromkeys(row["workload"] for row in document["service"]):
        months = [row for row in document["service"] if row["workload"] == name]
        worst = min(row["served_share"] for row in months)
        rows.append(
            (
                name,
                words.count(months[0]["mean_requests_per_s"]),
                words.count(months[-1]["mean_requests_per_s"]),
                f"{safety[name]:.3g}x" if name in safety else "",
                Text(words.share(worst), style="" if worst > 1 - 1e-9 else "yellow"),
                "-" if price.get(name) is None else f"{price[name]:.3f}",
                "\n".join(_sources(months)),
            )
        )
    if not rows:
        return None
    headers = ["workload", ">at first", ">at last", ">safety", ">served", ">USD/1M", "from"]
    note = (
        "at first, at last: mean requests/s of those months; safety: capacity bought over mean load; served: in "
        "the worst month; USD/1M: per million tokens; from: shares over the horizon"
    )
    return section("Service", table(headers, rows), note)


def _sources(months: list[Document]) -> list[str]:
    """Offers by their share in the requests served of one workload, largest first."""
    served: dict[str, float] = {}
    for row in months:
        for pool, part in row["by"].items():
            offer = pool.partition("/")[0]
            served[offer] = served.get(offer, 0.0) + part * row["mean_requests_per_s"] * row["served_share"]
    total = sum(served.values())
    ranked = sorted((offer for offer in served if served[offer] >= 5e-4 * total), key=lambda offer: -served[offer])
    shown = ranked if len(ranked) <= SOURCES_SHOWN + 1 else ranked[:SOURCES_SHOWN]
    said = [f"{offer} {words.share(served[offer] / total)}" for offer in shown]
    rest = sum(served[offer] for offer in ranked[len(shown) :])
    return [*said, f"{len(ranked) - len(shown)} others {words.share(rest / total)}"] if rest else said


def figures(document: Document) -> RenderableType:
    """Key figures, but for those that stand elsewhere; what only says when or who joins the figure before it."""
    values = document["kpis"]
    rows: list[tuple[str, str]] = []
    for name, definition in KPI_DEFINITIONS.items():
        if values.get(name) is None or name == "cost_usd" or name.endswith("_by_workload"):
            continue
        if definition.unit in ("month", "name") and rows:
            rows[-1] = (rows[-1][0], f"{rows[-1][1]}, {values[name]}")
        else:
            rows.append((definition.title, shown(name, values)))
    return section("Key figures", facts(rows))


def offers(document: Document) -> RenderableType:
    """Every offer, those taken first, and why."""
    ranked = sorted(document["offers"], key=lambda row: not row["taken"])
    rows = [
        (Text("taken", style="green") if row["taken"] else Text("no", style="dim"), row["offer"], row["reason"])
        for row in ranked
    ]
    taken = sum(row["taken"] for row in ranked)
    return section(f"Offers: {taken} of {len(ranked)} taken", table(["", "offer", "why"], rows))


def conventions(document: Document) -> RenderableType:
    said = [(name, sentence) for name, sentence in document["conventions"].items() if name != "leases"]
    return section("Conventions", facts(said))
