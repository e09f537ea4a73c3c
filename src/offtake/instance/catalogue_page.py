"""The catalogue as a page to read. To write it anew:

python -m offtake.instance.catalogue_page > instances/CATALOGUE.md
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from . import catalogue

Entry = dict[str, Any]
Column = tuple[str, Callable[[str, Entry], str]]

_HEAD = """# Catalogue

What an instance may name without spelling it out: accelerators, models, daily shapes and regions. An entry of the
instance with the same id overrides only the keys that it gives; a new id adds an entry. Written by
`python -m offtake.instance.catalogue_page`; sources and remarks stand in
[catalogue_data](../src/offtake/instance/catalogue_data).

Figures in *italics* are assumed: no source gives them. Confidence: A the vendor's own document, B press or a
second-hand table, C announced or inferred.
"""


def text() -> str:
    """The whole page, Markdown."""
    return "\n".join([_HEAD, *_accelerators(), *_models(), *_shapes(), *_regions()])


def _accelerators() -> Iterator[str]:
    yield "## Accelerators\n"
    yield "Dense peaks, per accelerator. Memory: 1e9 bytes that the driver gives. Links: one way. Power: all in, with"
    yield "the share of server and cooling. An LPU holds a model in the memory of hundreds of chips in a line. The"
    yield "model of engines knows no such lines and serves nothing from them: who offers LPUs states"
    yield "`throughput.rates`, or rows of `throughput.measured`, with their source.\n"
    columns: list[Column] = [("id", lambda id, _: f"`{id}`"), ("name", lambda _, entry: entry["name"])]
    columns += [("family", lambda _, entry: entry["family"])]
    columns += [(f"{p}, TFLOP/s", _figure(f"{p}_tflops")) for p in ("bf16", "fp8", "fp4", "int8")]
    columns += [("memory, GB", _figure("memory_gb")), ("TB/s", _figure("memory_tb_s"))]
    columns += [("link, GB/s", _figure("link_gb_s")), ("domain", _figure("domain"))]
    columns += [("network, GB/s", _figure("scale_out_gb_s")), ("kW", _figure("all_in_kw"))]
    yield from _table(catalogue.accelerators(), [*columns, ("confidence", lambda _, entry: entry["confidence"])])


def _models() -> Iterator[str]:
    yield "## Models\n"
    yield "Parameters in billions; active: without input embeddings. KV cache: bytes for each token of context. Result"
    yield "files of benchmarks may use the names in the last column.\n"
    columns: list[Column] = [("id", lambda id, _: f"`{id}`"), ("name", lambda _, entry: entry["name"])]
    columns += [("parameters", _figure("parameters", 1e-9)), ("active", _figure("active_parameters", 1e-9))]
    columns += [("layers", _figure("layers")), ("experts", _experts), ("attention", _attention)]
    columns += [("KV, B", _figure("kv_bytes_per_token")), ("weights", _figure("precision"))]
    columns += [("confidence", lambda _, entry: entry["confidence"])]
    columns += [("also called", lambda id, _: ", ".join(catalogue.names().get(id, [])))]
    yield from _table(catalogue.models(), columns)


def _shapes() -> Iterator[str]:
    yield "## Daily shapes\n"
    columns: list[Column] = [
        ("id", lambda id, _: f"`{id}`"),
        ("peak over mean", lambda _, e: f"{max(e['factors']):.2f}"),
    ]
    columns += [("source", lambda _, entry: entry["source"])]
    yield from _table(catalogue.shapes(), columns)


def _regions() -> Iterator[str]:
    yield "## Regions\n"
    clouds: dict[str, list[str]] = {}
    for id, entry in catalogue.regions().items():
        clouds.setdefault(entry.get("cloud", "any cloud"), []).append(f"`{id}` ({entry['name']})")
    yield "| cloud | regions and sites |"
    yield "|---|---|"
    for cloud, ids in clouds.items():
        yield f"| {cloud} | {', '.join(ids)} |"
    yield ""


def _table(entries: catalogue.Entries, columns: list[Column]) -> Iterator[str]:
    yield f"| {' | '.join(name for name, _ in columns)} |"
    yield "|---" * len(columns) + "|"
    for id, entry in entries.items():
        yield f"| {' | '.join(cell(id, entry) for _, cell in columns)} |"
    yield ""


def _figure(key: str, factor: float = 1.0) -> Callable[[str, Entry], str]:
    """The value of a key, in italics where it is assumed, blank where there is none."""

    def cell(_: str, entry: Entry) -> str:
        if key not in entry:
            return ""
        value = (
            entry[key]
            if isinstance(entry[key], str)
            else f"{entry[key] * factor:,.4g}"
            if factor != 1
            else _plain(entry[key])
        )
        return f"*{value}*" if key in entry.get("assumed", ()) else value

    return cell


def _plain(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,g}"


def _experts(_: str, entry: Entry) -> str:
    return f"{entry['experts_per_token']} of {entry['experts']}" if entry.get("experts") else ""


def _attention(_: str, entry: Entry) -> str:
    """The kind, and what only some layers do."""
    words = [entry["attention"]]
    words += [f"top {entry['sparse_tokens']:,} tokens"] if "sparse_tokens" in entry else []
    words += [f"{entry['window_layers']} layers see {entry['window_tokens']}"] if "window_layers" in entry else []
    words += [f"{entry['linear_layers']} layers linear"] if "linear_layers" in entry else []
    return ", ".join(words)


if __name__ == "__main__":
    print(text(), end="")
