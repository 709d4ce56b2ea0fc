"""Which eye a file name speaks of."""

from __future__ import annotations

import re

from drscreen.domain.image import Laterality

# A marker stands alone between separators or digits, so that "Rosa" or "all" is no eye.
_LEFT = re.compile(r"(?:^|[^a-z])(?:left|l|os)(?:[^a-z]|$)")
_RIGHT = re.compile(r"(?:^|[^a-z])(?:right|r|od)(?:[^a-z]|$)")


def proposed_eye(stem: str) -> Laterality | None:
    """The eye that the file name (without its ending) names; None if it names none or both."""
    name = stem.lower()
    left, right = bool(_LEFT.search(name)), bool(_RIGHT.search(name))
    if left == right:
        return None
    return Laterality.OS if left else Laterality.OD
