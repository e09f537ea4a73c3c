"""A good plan of a large problem: what one group takes is exchanged for the best that there is, group by group.

What an exchange costs is asked of the cuts, for all that a group may take at once; what a plan costs is asked of its
dispatch, and teaches new cuts where they were too low. Rules that tie groups may be broken on the way, at a price that
rises until none is. A plan is left by taking some groups out and filling in anew (ruin and recreate: Schrimpf and
others, Journal of Computational Physics 159, 2000), and plans a little dearer than the last one are gone along with,
ever less so and then anew (threshold accepting: Dueck and Scheuer, ibid. 90, 1990). No bound comes from here. Limits
are counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .cuts import Cuts
from .dispatch import Divided
from .limits import Limits
from .loop import Watch
from .options import Options, Own

SWEEPS = 14
FIRST_PRICE = 1e-3
"""of all cost, for all that the first sweep breaks"""
DEARER = 2.5
"""by how much breaking a rule grows dearer from sweep to sweep"""
ROUNDS = 24_000
CYCLE = 1_000
"""rounds in which the threshold falls to nothing, to begin anew"""
PATIENCE = 100
"""rounds for each group without a better plan, after which the search ends"""
TAKEN_OUT = 3
"""groups at most in a round"""
ASKED_BESIDES = 2
THRESHOLD = 0.005
"""of the cost: by how much a plan may be dearer than the last one, at the beginning of a cycle"""
OSCILLATION = 1.005
"""by how much breaking a rule grows dearer while one is broken, and cheaper while none is"""
HASTE = 50
"""rounds of one or the other after which it does so twice as fast, and so on"""
LEARNT = 0.2
"""of what the cuts of a part lacked, what its last price says"""
TOUCH = 1e-9


@dataclass(frozen=True)
class Found:
    """Whole numbers, what they cost with their dispatch, and by how much they break rules."""

    whole: np.ndarray
    cost: float
    broken: float


class Exchange:
    """The search for a plan over a divided problem."""

    def __init__(self, parts: Divided, own: Own, groups: list[Options], cuts: Cuts, limits: Limits, watch: Watch):
        self.parts, self.own, self.groups, self.cuts, self.watch = parts, own, groups, cuts, watch
        self.draw = np.random.default_rng(limits.seed)
        self.price = 0.0
        """of breaking a rule by 1"""
        self._paid: dict[tuple[int, bytes], float] = {}
        """what dispatch really costs, by part and what it depends on"""
        self._missed = np.zeros(len(parts.parts))
        """by part, what the cuts lacked of late: those that lack most are priced first"""

    def begun(self, whole: np.ndarray) -> Found | None:
        """A plan that is known."""
        return self._priced(np.rint(whole))

    def plan(self) -> Found | None:
        """A first plan, which may break rules: groups one after the other take what is best, while breaking rules
        grows dearer. None if it leaves some dispatch without a way."""
        matrix, whole = self.parts.matrix, self.parts.first[: self.parts.whole]
        values, found = np.ceil(np.clip(0.0, matrix.lower[whole], matrix.upper[whole])), None
        for _ in range(SWEEPS):
            for g in self.draw.permutation(len(self.groups)):
                values = self._exchanged(values, self.groups[g])
            found = self._priced(values)
            if found is None or not found.broken or self._over():
                break
            self.price = self.price * DEARER or FIRST_PRICE * found.cost / found.broken
        return found

    def improved(self, first: Found, good: Callable[[Found], bool]) -> None:
        """ROUNDS of better plans, or until none was found for long; `good` hears of each that keeps all rules and is
        better than all before, and ends the search if it is good enough."""
        last, least, found_at, turned_at = first, np.inf, 0, 0
        self.price = self.price or first.cost
        for k in range(ROUNDS):
            if not last.broken and last.cost < least:
                least, found_at = last.cost, k
                if good(last):
                    break
            if self._over() or k - found_at >= PATIENCE * len(self.groups):
                break
            before, last = last, self._recreated(last, 1 + THRESHOLD * (1 - k % CYCLE / CYCLE)) or last
            turned_at = turned_at if bool(before.broken) == bool(last.broken) else k
            change = OSCILLATION ** (1 + (k - turned_at) / HASTE)
            self.price *= change if last.broken else 1 / change

    def _recreated(self, last: Found, dearer: float) -> Found | None:
        """A plan with some groups taken out and filled in anew; None if there is none that is cheap enough."""
        count, most = len(self.groups), dearer * (last.cost + self.price * last.broken)
        out = self.draw.choice(count, min(count, int(self.draw.integers(1, TAKEN_OUT + 1))), replace=False)
        asked = self.draw.permutation(np.concatenate([out, self.draw.choice(count, ASKED_BESIDES)]))
        values = last.whole.copy()
        values[np.concatenate([self.groups[g].columns for g in out])] = 0
        for g in [*asked, *self.draw.permutation(out)]:  # twice, since an exchange adds one choice at most
            values = self._exchanged(values, self.groups[g])
        return None if (values == last.whole).all() else self._priced(values, most)

    # --- what a plan costs

    def _priced(self, whole: np.ndarray, most: float = np.inf) -> Found | None:
        """By its dispatch; None if there is none, or as soon as it is dearer than `most` with the rules that it breaks.
        What it teaches is noted."""
        y = self.parts.decided(whole)
        broken = float(self._broken(self.own.activity(whole)).sum())
        guess = self.cuts.say(y).max(axis=1)
        total = self.own.costs(whole) + float(guess.sum())
        keys = [(k, y[part.tied].tobytes()) for k, part in enumerate(self.parts.parts)]
        for k in sorted(range(len(keys)), key=lambda k: (keys[k] not in self._paid, -self._missed[k])):
            if total + self.price * broken > most:
                return None
            if keys[k] not in self._paid:
                cut = self.parts.parts[k].cut(k, y[self.parts.parts[k].tied])
                if cut is None:
                    return None
                self.cuts.add(cut)
                self._paid[keys[k]] = cut.at(y[self.parts.parts[k].tied])
                self._missed[k] += LEARNT * (self._paid[keys[k]] - guess[k] - self._missed[k])
            total += self._paid[keys[k]] - float(guess[k])
        return Found(whole, total, broken)

    def _broken(self, activity: np.ndarray, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        over = np.maximum(self.own.least[rows] - activity, activity - self.own.most[rows])
        over[over < TOUCH] = 0.0
        return over

    # --- the best that a group can take

    def _exchanged(self, whole: np.ndarray, group: Options) -> np.ndarray:
        """The same with the best single change in a group: something given up, something added, or both."""
        taken = [k for k, (column, _) in enumerate(group.choices) if whole[column] > 0]
        stays = [taken, *([k for k in taken if k != out] for out in taken), *([[]] if len(taken) > 1 else [])]
        tried = [(*self._added(begin, group, stay), begin) for stay in stays for begin in [_kept(whole, group, stay)]]
        _, option, result = min(tried, key=lambda each: each[0])
        if option is not None:
            column, opener = group.choices[group.of[option]]
            result[column] = group.amount[option]
            if opener >= 0:
                result[opener] = 1
        return result

    def _added(self, whole: np.ndarray, group: Options, taken: list[int]) -> tuple[float, int | None]:
        """The cheapest guess with one more option, or with none (None)."""
        say = self.cuts.say(self.parts.decided(whole))
        activity = self.own.activity(whole)
        broken = self._broken(activity)
        asked = group.hurt | (broken[group.rows] > 0)
        rows = group.rows[asked]
        elsewhere = broken.sum() - broken[rows].sum()
        after = self._broken(activity[rows] + group.on_rows[:, asked], rows).sum(axis=1) + elsewhere
        without = self.own.costs(whole)
        none = without + say.max(axis=1).sum() + self.price * broken.sum()
        total = without + group.cost + self._dispatch(say, group) + self.price * after
        total[np.isin(group.of, taken)] = np.inf
        option = int(np.argmin(total))
        return (float(total[option]), option) if total[option] < none else (float(none), None)

    def _dispatch(self, say: np.ndarray, group: Options) -> np.ndarray:
        """[option] what dispatch costs with it, where the cuts say [part, cut] without."""
        parts = np.arange(len(say))
        slope = np.swapaxes(self.cuts.slope, 1, 2)[parts[:, None], group.touched]
        changed = np.matmul(np.swapaxes(slope, 1, 2), np.swapaxes(group.effects, 1, 2))
        return (say[:, :, None] + changed).max(axis=1)[parts, group.effect].sum(axis=1)

    def _over(self) -> bool:
        return self.watch.stop.is_set() or self.watch.clock.left <= 0


def _kept(whole: np.ndarray, group: Options, stay: list[int]) -> np.ndarray:
    """The same with only some of the choices of a group."""
    result = whole.copy()
    result[group.columns] = 0
    for column, opener in (group.choices[k] for k in stay):
        result[column] = whole[column]
        if opener >= 0:
            result[opener] = 1
    return result
