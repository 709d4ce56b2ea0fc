"""Labels on another scale than ICDR's, told and refused: read as ICDR they would be false.

Sources: Messidor: Decencière et al., Image Analysis & Stereology 2014 (0 to 3 by microaneurysms,
haemorrhages and new vessels). NHS: English retinopathy screening, R0 to R3 with M and P. RFMiD:
Pachade et al., Data 2021. ODIR-5K: Peking University, 2019. DDR: Li et al., Information Sciences
2019 (ICDR, and 5 for what cannot be graded).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

#: What a file with one of these columns (as `layouts.normalised` spells them) says instead.
_COLUMNS = {
    "ophthalmologic_department": "Messidor's own scale of 0 to 3",
    "disease_risk": "whether any disease is there (RFMiD)",
    "left-diagnostic_keywords": "diseases in words and letters (ODIR)",
    "left-fundus": "diseases in words and letters (ODIR)",
    "referable": "only whether it is referable",
    "referable_dr": "only whether it is referable",
    "rdr": "only whether it is referable",
}
#: How Messidor names its photographs, which IDRiD's columns do not.
_MESSIDOR_NAME = re.compile(r"\d{8}_\d+_\d{4}_PP", re.IGNORECASE)
_NHS = re.compile(r"R[0-3][AS]?(?:[ ,/]*(?:M|P)[01])*", re.IGNORECASE)
_WHOLE = re.compile(r"-?\d+(?:[.,]0*)?")
_BROKEN = re.compile(r"\d*[.,]\d*[1-9]\d*")
_YES_OR_NO = re.compile(
    r"dr|abnormal|diseased|positive|negative|(non-?)?referable|yes|no|true|false|[yntf]",
    re.IGNORECASE,
)
#: So many of a column's cells must be of another scale before the column is: below that they are
#: slips of the pen, which are left out one by one.
_SHARE = 0.1
#: From so many photographs on it is not chance that a scale of five steps shows its first two.
_MANY = 5


def scale_by_columns(columns: Collection[str], names: Sequence[str]) -> str:
    """What a labels file grades by, where its columns or its photographs' names tell that it is
    not ICDR; else empty.
    """
    for column, meaning in _COLUMNS.items():
        if column in columns:
            return meaning
    if "retinopathy_grade" in columns and any(map(_MESSIDOR_NAME.search, names)):
        return "Messidor's own scale of 0 to 3"
    return ""


def scale_by_values(grades: Sequence[str], *, five_is_ungradable: bool, surely_icdr: bool) -> str:
    """What a column of grades is graded by, where its values tell that it is not ICDR; else empty.

    `five_is_ungradable` where the layout says so. `surely_icdr` where the column or a person says
    that 0 and 1 are ICDR's.
    """
    cells = [cell.strip() for cell in grades if cell.strip()]
    numbers = [round(float(c.replace(",", "."))) for c in cells if _WHOLE.fullmatch(c)]
    high = [number for number in numbers if number > (5 if five_is_ungradable else 4)]
    kinds: tuple[tuple[str, Callable[[str], object]], ...] = (
        ("the NHS scale of R0 to R3", _NHS.fullmatch),
        ("scores that are no whole numbers", _BROKEN.fullmatch),
        ("only whether there is a disease", _YES_OR_NO.fullmatch),
    )
    for meaning, fits in kinds:
        if _are_many(sum(bool(fits(cell)) for cell in cells), len(cells)):
            return meaning
    if 5 in numbers and 0 not in numbers:
        return "a scale of 1 to 5"
    if _are_many(len(high), len(cells)):
        return f"a scale up to {max(high)}"
    if not surely_icdr and len(cells) >= _MANY and set(numbers) == {0, 1}:
        return "no more than 0 and 1, which may mean no and yes"
    return ""


def _are_many(some: int, all_: int) -> bool:
    return some > 0 and some >= _SHARE * all_
