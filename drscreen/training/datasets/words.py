"""Grades and eyes as data sets write them."""

from __future__ import annotations

import re

from drscreen.domain.grading import Grade
from drscreen.domain.image import Laterality

_GRADES = {
    Grade.NONE: "no dr|nodr|none|normal|healthy|no retinopathy|no apparent retinopathy",
    Grade.MILD: "mild|mild dr|mild npdr",
    Grade.MODERATE: "moderate|moderate dr|moderate npdr",
    Grade.SEVERE: "severe|severe dr|severe npdr",
    Grade.PROLIFERATIVE: "proliferative|proliferate|proliferative dr|proliferate dr|pdr",
}
_WORDS = {word: grade for grade, words in _GRADES.items() for word in words.split("|")}
#: "2", "2.0", "2,0", "grade 2"; not "R2", which is another scale.
_NUMBER = re.compile(r"(?:(?:grade|class|level|icdr) ?)?([0-4])(?:[.,]0*)?")
#: "0 no dr": a number that a word follows.
_NUMBER_AND_WORD = re.compile(r"([0-4]) (\D+)")

_EYES = {
    "left": Laterality.OS,
    "l": Laterality.OS,
    "os": Laterality.OS,
    "right": Laterality.OD,
    "r": Laterality.OD,
    "od": Laterality.OD,
}


def parse_grade(text: str) -> Grade | None:
    """The ICDR grade that a cell or a folder's name means, case ignored; None where it is none.

    Numbers 0 to 4 and words ("No_DR", "moderate", "Proliferate_DR", "0 - No DR") are known.
    """
    # What separates follows something: the minus of -1 stays, and makes it no grade.
    plain = re.sub(r"(?<=[^\s_-])[\s_-]+", " ", text.strip().lower())
    if number := _NUMBER.fullmatch(plain):
        return Grade(int(number.group(1)))
    if both := _NUMBER_AND_WORD.fullmatch(plain):
        grade = _WORDS.get(both.group(2))
        return grade if grade == int(both.group(1)) else None
    return _WORDS.get(plain)


def parse_eye(text: str) -> Laterality | None:
    """The eye that "left", "R", "OD" and the like mean; None where it is neither."""
    return _EYES.get(text.strip().lower())
