"""Instances and plan documents made by hand, for the audit: small enough that every dollar is derived in the head.

January, March and May 2026 have 744 hours, February 672, April and June 720. One chip serves one request per second.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

CHIP = {
    "family": "cuda",
    "bf16_tflops": 1000.0,
    "memory_gb": 80.0,
    "memory_tb_s": 3.0,
    "link_gb_s": 450.0,
    "domain": 8,
    "all_in_kw": 1.0,
}
LLM = {"parameters": 8e9, "active_parameters": 8e9, "layers": 32, "hidden_size": 4096, "kv_bytes_per_token": 65536.0}
HERE = {"provider": "neo", "region": "here", "source": "toy"}


def problem(months: int, offers: Json, demand: Any = 1.0, **keys: Any) -> Json:
    """An instance document from January 2026 on with the workload `chat`; all that outlives the horizon is charged."""
    chat = {
        "kind": "interactive",
        "model": "llm",
        "region": "here",
        "request": {"input_tokens": 1000.0, "output_tokens": 500.0},
        "slo": {"ttft_ms": 10000.0, "tpot_ms": 1000.0},
        "demand": {"requests_per_s": demand},
    }
    document = {
        "format": "offtake/1",
        "name": "claimed toy",
        "horizon": {"start": "2026-01", "months": months},
        "finance": {"terminal": "none"},
        "regions": {"here": {"latitude": 0.0, "longitude": 0.0}},
        "accelerators": {"chip": CHIP},
        "models": {"llm": LLM},
        "workloads": {"chat": chat},
        "providers": {"neo": {"kind": "neocloud"}, "other": {"kind": "neocloud"}},
        "offers": offers,
        "throughput": {
            "rates": [{"accelerator": "chip", "workload": "chat", "requests_per_s_per_accelerator": 1.0}],
        },
    }
    return {**document, **keys}


def lease(chips: float = 1.0, months: int = 3, usd: float = 100.0, term: Json | None = None, **keys: Any) -> Json:
    """An offer of blocks of chips at a price a month; `term`: more keys of its term."""
    terms = [{"months": months, "usd_per_month": usd, **(term or {})}]
    return {**HERE, "accelerators": {"chip": chips}, "terms": terms, **keys}


def spot(usd_per_hour: float = 1.0, **keys: Any) -> Json:
    elastic = {"usd_per_accelerator_hour": usd_per_hour, "max_accelerators": 100.0}
    return {**HERE, "accelerator": "chip", "elastic": elastic, **keys}


def one_future(**effects: Any) -> Json:
    """Uncertainty of which nothing is uncertain."""
    return {"scenarios": {"only": {"probability": 1.0, **effects}}}


def plan(months: int, deals: list[Json], objective: float, **keys: Any) -> Json:
    """The frame of a plan document with a period for each month, proven to a hundredth."""
    document = {
        "format": "offtake.plan/1",
        "status": "optimal",
        "objective_usd": objective,
        "bound_usd": 0.99 * objective,
        "gap": 0.01,
        "solver": {"gap_asked": 0.02},
        "periods": [{"start": f"2026-{m + 1:02d}", "months": 1} for m in range(months)],
        "deals": deals,
        "decisions": {"serve": [], "unserved": [], "beyond": []},
        "cash": [],
        "obligations": [],
        "cost": [],
        "kpis": {},
    }
    return {**document, **keys}


def deal(offer: str, signing: int, start: int, months: int, chips: float, cash: float, **keys: Any) -> Json:
    """A row of the table of deals, months counted from January 2026 as 1; the charge is the cash."""
    row = {
        "offer": offer,
        "provider": "neo",
        "node": 0,
        "start": f"2026-{start:02d}",
        "signing": f"2026-{signing:02d}",
        "months": months,
        "term": 0,
        "right": "",
        "follows": None,
        "blocks": 1,
        "accelerators": chips,
        "accelerators_by_type": {"chip": chips},
        "power_mw": chips / 1000,
        "cash_usd": cash,
        "npv_usd": cash,
    }
    return {**row, **keys}


def table(columns: tuple[str, ...], rows: dict[Any, float]) -> list[Json]:
    """Rows of a table by their key, the last column in dollars."""
    return [
        dict(zip((*columns, "usd"), (*(key if isinstance(key, tuple) else (key,)), usd), strict=True))
        for key, usd in rows.items()
    ]
