"""The README of the mathematics, from the module docstrings: `python -m offtake_models.readme > README.md`."""

from __future__ import annotations

import inspect

from . import FAMILIES

HEAD = """# The mathematics of Offtake

Generated from the docstrings of the modules in this folder (`python -m offtake_models.readme`); change those.

Every contract structure compiles to columns: an offer can be signed in several ways, each way is a *deal* d, and
before any model exists it is known what one block of it delivers, costs and still owes in each month. The model only
chooses deals and dispatches workloads on what they deliver.

| symbol | meaning |
|---|---|
| s, pi_s, nu | scenario, its probability, node of the tree of futures; nu(s, t) is where s stands in t |
| m, t, b | month; period of one or more months (H_t hours); block of the UTC day (phi_b of it) |
| o, d | offer; deal, to be signed in month tau_d; some follow another: renewals, options, expansions, breaks |
| p, w | pool (one accelerator type at one site under one offer); workload |
| A, Ah | accelerators that one block holds throughout a period; accelerator-hours that it delivers |
| C, F, O | USD due per block; once if signed; still owed per block after a month |
| theta, v | take-or-pay share; USD per accelerator-hour beyond it |
| R | requests/s per accelerator inside the latency target |
| D, Dbar | rate to provision for; mean rate, which is what is paid for |
| rho | blocks that may follow for each block of a contract |
| df | present value of one dollar paid in a month |
"""


def page() -> str:
    """The whole page: a heading and a block of formulas for each family, then the objective."""
    parts = [HEAD]
    for family in FAMILIES:
        title, _, body = inspect.getdoc(family).partition("\n")
        name = family.__name__.rsplit(".", 1)[-1]
        parts.append(f"## {title.rstrip('.')}\n\n`{name}.py`\n\n{_as_markdown(body.strip(chr(10)))}\n")
    parts.append(
        "## Objective\n\nminimise contracts + use + use_beyond + sublease + ports + commitments + shortfall + "
        "unserved + lateness + value + carbon + changes + risk, each a named expression `cost_by_line`.\n"
    )
    return "\n".join(parts)


def _as_markdown(body: str) -> str:
    """Indented formulas are code blocks in Markdown already; only trailing blanks go."""
    return "\n".join(line.rstrip() for line in body.splitlines())


if __name__ == "__main__":
    print(page(), end="")
