"""The deals of a plan document, found again among the deals of a problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..compile import Compiled

Row = dict[str, Any]
Signings = dict[tuple[int, int], int]
"""(deal, node) -> blocks"""


def signings(compiled: Compiled, deals: list[Row]) -> Signings:
    """Blocks signed by deal and node, from the table `deals` of a plan for an instance with the same offers.

    Raises LookupError, with a sentence, for a deal that the problem does not have.
    """
    place: dict[int, int] = {}

    def position(k: int) -> int:
        if k not in place:
            parent = deals[k].get("follows")
            place[k] = _position(compiled, deals[k], position(parent) if isinstance(parent, int) else parent)
        return place[k]

    return {(position(k), row["node"]): row["blocks"] for k, row in enumerate(deals)}


def _position(compiled: Compiled, row: Row, parent: int | str | None) -> int:
    """The column that the row is of; the volume tier follows from the blocks, and for follow-ons from the parent."""
    wanted = [row["offer"], row.get("right", ""), row["term"], row["start"], row["signing"], row["months"]]
    for d, column in enumerate(compiled.columns):
        stated = [column.offer, column.right, column.term, str(column.start), str(column.signing), column.months]
        tier = bool(column.right) or column.min_blocks <= row["blocks"] <= column.max_blocks
        if stated == wanted and tier and (not column.right or _follows(compiled, column.parent, parent)):
            return d
    raise LookupError(f"the deal of {row['offer']} from {row['start']} for {row['months']} months is not on offer")


def _follows(compiled: Compiled, position: int, parent: int | str | None) -> bool:
    """Whether a column is the parent named: by its position, or by the id of a contract in force."""
    column = compiled.columns[position]
    return position == parent or (column.in_force and column.offer == parent)
