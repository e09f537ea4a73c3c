"""What is known of dispatch: the cuts of all parts side by side, so that many decisions are asked at once."""

from __future__ import annotations

import numpy as np

from .dispatch import Cut, Divided

ROOM = 64
"""cuts of a part that are noted beside those of the relaxation; older ones make room for new ones"""


class Cuts:
    """Lower bounds on the dispatch of every part: those of the relaxation, and the latest ROOM of each part."""

    def __init__(self, parts: Divided):
        width = max(len(part.tied) for part in parts.parts)
        self.tied = np.full((len(parts.parts), width), len(parts.first))
        """[part, place] positions in y; places that a part does not need point behind its end"""
        for k, part in enumerate(parts.parts):
            self.tied[k, : len(part.tied)] = part.tied
        self.kept = 0
        """cuts of every part that stay"""
        self._count = np.zeros(len(parts.parts), int)
        self._constant = np.full((len(parts.parts), ROOM), -np.inf)
        self._slope = np.zeros((len(parts.parts), ROOM, width + 1))

    @property
    def constant(self) -> np.ndarray:
        """[part, cut]; parts with fewer cuts than others have some of minus infinity"""
        return self._constant[:, : self._count.max()]

    @property
    def slope(self) -> np.ndarray:
        """[part, cut, place]; the last place is none, and its slope is 0"""
        return self._slope[:, : self._count.max()]

    def keep(self) -> None:
        """All cuts so far stay, and there is room for more."""
        self.kept = self._count.max()
        self._constant = np.pad(self.constant, ((0, 0), (0, ROOM)), constant_values=-np.inf)
        self._slope = np.pad(self.slope, ((0, 0), (0, ROOM), (0, 0)))

    def add(self, cut: Cut) -> None:
        """Take note of one more."""
        count, room = self._count[cut.part], self._constant.shape[1] - self.kept
        place = count if count < self.kept else self.kept + (count - self.kept) % room
        self._constant[cut.part, place] = cut.constant
        self._slope[cut.part, place, : len(cut.slope)] = cut.slope
        self._count[cut.part] += 1

    def say(self, y: np.ndarray) -> np.ndarray:
        """[part, cut] the least that dispatch costs at y, by every cut."""
        tied = np.append(y, 0.0)[self.tied]
        return self.constant + np.matmul(self.slope[:, :, :-1], tied[:, :, None])[:, :, 0]
