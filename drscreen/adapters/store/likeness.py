"""Whether a typed word is meant to be another one."""

from __future__ import annotations

#: From this length on two slips are forgiven, before it one.
_LONG = 8


def is_like(typed: str, word: str) -> bool:
    """Whether `typed`, which may be unfinished, begins `word` but for a slip or two."""
    allowed = 2 if len(typed) >= _LONG else 1
    if len(word) < len(typed) - allowed:
        return False
    return distance(typed, word[: len(typed) + allowed], allowed) <= allowed


def distance(typed: str, word: str, enough: int) -> int:
    """Slips between `typed` and the nearest beginning of `word`: letters wrong, missing, too many,
    or two neighbours exchanged (optimal string alignment, Damerau 1964). Stops counting beyond
    `enough`.
    """
    before_last: list[int] = []
    last = list(range(len(word) + 1))
    for row, letter in enumerate(typed, start=1):
        now = [row]
        for at, other in enumerate(word, start=1):
            cost = min(last[at] + 1, now[at - 1] + 1, last[at - 1] + (letter != other))
            if row > 1 and at > 1 and letter == word[at - 2] and typed[row - 2] == other:
                cost = min(cost, before_last[at - 2] + 1)
            now.append(cost)
        if min(now) > enough:
            return enough + 1
        before_last, last = last, now
    return min(last)
