"""The JSON Schema (draft-07) of the instance format, from the classes that validate it.

Editors read the shipped copy `offtake-1.schema.json`; error messages ask `at` what a place allows. To write it anew:

    python -c 'from offtake.instance import json_schema; json_schema.SHIPPED.write_text(json_schema.text())'
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from .schema import Instance

Node = dict[str, Any]
Path_ = tuple[str | int, ...]

SHIPPED = Path(__file__).with_name("offtake-1.schema.json")

YEAR = r"^2[01]\d\d$"
"""pattern of a key that is a calendar year"""
_PARTIAL = ("Accelerator", "LanguageModel", "Region")
"""entries that may override only some keys of the catalogue's entry with their id"""
_REFERENCE = "#/definitions/"
_KINDS: list[tuple[type, tuple[str, ...]]] = [
    (dict, ("object",)),
    (list, ("array",)),
    (str, ("string",)),
    (bool, ("boolean",)),
    (int, ("integer", "number")),
    (float, ("number",)),
]
"""type of a value -> what the schema may call it; the first that fits"""


@functools.cache
def document() -> Node:
    """The whole schema, draft-07. Shared: do not change it."""
    raw = Instance.model_json_schema()
    definitions = {name: _simplified(node) for name, node in raw.pop("$defs").items()}
    for name in _PARTIAL:
        definitions[name].pop("required")
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Offtake instance, format offtake/1",
        **_simplified(raw),
        "definitions": definitions,
    }


def text() -> str:
    """The file that ships."""
    return json.dumps(document(), indent=1) + "\n"


def at(path: Path_, data: Any) -> Node:
    """What the schema says of the value at a path of `data`; {} where it says nothing.

    References are followed, and of several alternatives the one is taken that fits the data.
    """
    node, value = document(), data
    for key in path:
        value = _item(value, key)
        node = _chosen(_child(node, key), value)
    return node


def _item(value: Any, key: str | int) -> Any:
    try:
        return value[key]
    except (LookupError, TypeError):
        return None


def _child(node: Node, key: str | int) -> Node:
    properties = node.get("properties", {})
    if key in properties:
        return properties[key]
    if isinstance(key, int) and "items" in node:
        return node["items"]
    rest = node.get("additionalProperties")
    return rest if isinstance(rest, dict) else {}


def _chosen(node: Node, value: Any) -> Node:
    """The node with its reference followed and the fitting alternative taken, if one fits."""
    if "$ref" in node:
        own = {key: word for key, word in node.items() if key != "$ref"}
        return _chosen({**document()["definitions"][node["$ref"].removeprefix(_REFERENCE)], **own}, value)
    options = [_chosen(option, value) for option in node.get("anyOf", node.get("oneOf", []))]
    kinds = next((names for kind, names in _KINDS if isinstance(value, kind)), ())
    fitting = [option for option in options if option.get("type") in kinds]
    if not fitting:
        return node
    best = max(fitting, key=lambda option: _likeness(option, value))
    return {**best, **{key: node[key] for key in ("description",) if key in node}}


def _likeness(option: Node, value: Any) -> int:
    """How many keys of the data the alternative knows; a constant that matches settles it."""
    if not isinstance(value, dict):
        return 0
    properties = option.get("properties", {})
    same = sum(1000 for key, node in properties.items() if "const" in node and node["const"] == _item(value, key))
    return same + sum(key in properties for key in value)


def _simplified(node: Any) -> Any:
    """pydantic's node as draft-07 without its noise: titles, nulls (which the format refuses), vendor keywords."""
    if isinstance(node, list):
        return [_simplified(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    node = {key: value for key, value in node.items() if key not in ("title", "discriminator")}
    if "anyOf" in node:
        node["anyOf"] = [option for option in node["anyOf"] if option != {"type": "null"}]
        if len(node["anyOf"]) == 1:
            node = {**node.pop("anyOf")[0], **node}
    if node.get("default", 0) in (None, {}, []) or isinstance(node.get("default"), dict):
        del node["default"]
    if "patternProperties" in node:
        ((pattern, rest),) = node.pop("patternProperties").items()
        node |= {"propertyNames": {"pattern": pattern}, "additionalProperties": rest}
    if "$ref" in node:
        node["$ref"] = _REFERENCE + node["$ref"].removeprefix("#/$defs/")
    for key, value in node.items():
        if key == "properties":
            node[key] = {name: _simplified(child) for name, child in value.items()}
        elif key not in ("default", "enum", "const", "required", "description"):
            node[key] = _simplified(value)
    return node
