"""What other tools call accelerators and models -> the ids of the instance or the catalogue."""

from __future__ import annotations

import re

from .. import catalogue
from ..yaml12 import Table

_DECORATION = re.compile(
    r"(\d{4}|instruct|base|chat|thinking|it|hf|preview|v\d|bf16|fp16|fp8|kv|mxfp4|nvfp4|fp4|int4|int8|w4a16|w8a8|awq|gptq"
    r"|dynamic|block)*"
)
"""what may follow the name of a model: dates of releases, number formats, tuning"""
_OTHER_CHIP = {"pcie", "nvl"}
"""words after the name of an accelerator that make it another chip"""


class Names:
    """Look-ups that know the accelerators and models of one document as well as the catalogue's."""

    def __init__(self, document: Table):
        self._accelerators = [*_written(document, "accelerators"), *catalogue.accelerators()]
        models = [*_written(document, "models"), *catalogue.models()]
        others = [(id, name) for id, names in catalogue.names().items() for name in names]
        self._models = {_bare(name): id for id, name in [*((id, id) for id in models), *others][::-1]}

    def accelerator(self, name: str) -> str:
        """The id of an accelerator: `h200_sxm`, `A100-80GB`, `mi300x-amd` -> h200, a100, mi300x; else the name."""
        if name in self._accelerators:
            return name
        words = re.split(r"[-_ ]+", name.lower())
        for count in range(len(words), 0, -1):
            id = "-".join(words[:count])
            if id in self._accelerators and not _OTHER_CHIP & set(words[count:]):
                return id
        return _as_id(name)

    def model(self, name: str) -> str:
        """The id of a model: `deepseek-ai/DeepSeek-R1-0528` -> deepseek-r1; else the name without its owner.

        A distilled or otherwise derived model is another one: only dates, number formats and tuning may follow.
        """
        bare = _bare(name.rsplit("/", 1)[-1])
        begins = [known for known in self._models if bare.startswith(known)]
        for known in sorted(begins, key=len, reverse=True):
            if _DECORATION.fullmatch(bare, len(known)):
                return self._models[known]
        return _as_id(name.rsplit("/", 1)[-1])


def _written(document: Table, section: str) -> list[str]:
    entries = document.get(section)
    return [key for key in entries if isinstance(key, str)] if isinstance(entries, dict) else []


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _as_id(name: str) -> str:
    """The name in the characters of an id, for the warning that nothing has it."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip("._-")[:80] or "unnamed"
