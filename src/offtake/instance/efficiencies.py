"""The YAML that a calibration wrote, read into the place that names it: `throughput.efficiencies`."""

from __future__ import annotations

from pathlib import Path

from . import tables, yaml12
from .diagnostics import at
from .yaml12 import Table


def read(document: Table, folder: Path, report: tables.Report) -> None:
    """Replace the file name by what the file holds, with its places; report what is wrong with it."""
    throughput = document.get("throughput")
    if not isinstance(throughput, Table) or not isinstance(throughput.get("efficiencies"), str):
        return
    where = throughput.values_at["efficiencies"]
    source = tables.source_named(folder, throughput["efficiencies"], where, report)
    if source is None:
        return
    root, problems = yaml12.parse(source)
    for problem in problems:
        report(problem)
    if root and isinstance(root[0], Table):
        throughput["efficiencies"] = root[0]
    elif not problems:
        report(at(where, "E013", "efficiencies are a mapping", "name a file that `offtake calibrate` wrote"))
