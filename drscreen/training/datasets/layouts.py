"""The layouts of labels files: by which columns each is known, and what its rows say.

Sources: the data sets' own files. DeepDRiD: github.com/deepdrdoc/DeepDRiD; IDRiD: Porwal et al.,
Data 2018; Messidor-2: adjudicated grades of Krause et al., Ophthalmology 2018, and the pairing of
its publisher; APTOS 2019 and EyePACS: their Kaggle competitions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from drscreen.training.datasets.binding import subset_of

Cells = Mapping[str, str]

#: EyeQ's word for photographs that nobody can grade, and here every data set's.
UNGRADABLE = "reject"

#: What DeepDRiD and DDR grade a photograph that nobody can.
FIVES = frozenset({"5", "5.0"})

FILE_COLUMNS = ("file", "image", "id_code", "image_id", "filename", "image_name", "path")
GRADE_COLUMNS = (
    "icdr",
    "grade",
    "diagnosis",
    "level",
    "adjudicated_dr_grade",
    "retinopathy_grade",
)
PATIENT_COLUMNS = ("patient", "patient_id")
#: Columns that decide which photograph a row means and what it says: two of one name are one too
#: many.
READ_COLUMNS = (*FILE_COLUMNS, *GRADE_COLUMNS, *PATIENT_COLUMNS, "eye", "quality", "shard")
#: Messidor-2's two photographs of a patient, one row an examination.
PAIR_COLUMNS = {"left", "right"}


class Layout(StrEnum):
    """How a data set is laid out; the values are what `--layout` takes."""

    APTOS = "aptos"
    EYEPACS = "eyepacs"
    DEEPDRID = "deepdrid"
    MESSIDOR2 = "messidor2"
    IDRID = "idrid"
    PLAIN = "plain"
    FOLDERS = "folders"
    EYEQ = "eyeq"


@dataclass(frozen=True, slots=True)
class Row:
    """What one line of a labels file says, in its own words; empty where it says nothing."""

    name: str
    grade: str
    patient: str = ""
    eye: str = ""
    quality: str = ""
    shard: str = ""


@dataclass(frozen=True, slots=True)
class CsvLayout:
    """A labels file of one kind: it has a column of each group in `needs`; `read` takes a row.

    Several such files in a folder are parts of one data set. A `plain` one could be anything: it
    stands alone, and may have no grades. `named` is what the publisher calls photographs, where
    the columns alone could be another's. `five_is_ungradable` where that is what a 5 means.
    """

    title: str
    needs: tuple[Sequence[str], ...]
    read: Callable[[Cells, Path], Row]
    plain: bool = False
    named: str = ""
    five_is_ungradable: bool = False

    def fits(self, columns: Iterable[str]) -> bool:
        """Whether these normalised column names are enough."""
        have = set(columns)
        return all(have.intersection(group) for group in self.needs)

    def has_grades(self, columns: Iterable[str]) -> bool:
        """Whether there is a column of grades; only a plain csv can lack it."""
        return not self.plain or bool(set(columns).intersection(GRADE_COLUMNS))

    def knows(self, names: Sequence[str]) -> bool:
        """Whether one of these photographs is called as the publisher calls them."""
        return not names or any(re.search(self.named, name, re.IGNORECASE) for name in names)

    @property
    def wanted(self) -> str:
        """The usual name of each column it needs."""
        return ", ".join(dict.fromkeys(group[0] for group in self.needs))


def normalised(column: str) -> str:
    """A column's name as the layouts here spell it: ``Image name `` is ``image_name``."""
    return re.sub(r"[\s_]+", "_", column.strip().lower())


def recognise(columns: Iterable[str], names: Sequence[str] = ()) -> Layout | None:
    """The first layout that fits, by its columns and, where there are some, its photographs' names;
    they are ordered from the most particular to the plainest.
    """
    have = set(columns)
    fitting = (layout for layout, csv in CSV_LAYOUTS.items() if csv.fits(have) and csv.knows(names))
    return next(fitting, None)


def _first(cells: Cells, names: Iterable[str]) -> str:
    return next((cells[name] for name in names if name in cells), "")


def _aptos(cells: Cells, _labels: Path) -> Row:
    return Row(cells["id_code"], cells["diagnosis"])


def _eyepacs(cells: Cells, _labels: Path) -> Row:
    return Row(cells["image"], cells["level"])


def _messidor2(cells: Cells, _labels: Path) -> Row:
    ungradable = cells.get("adjudicated_gradable", "") in {"0", "0.0"}
    return Row(
        _first(cells, ("image_id", "id_code", "image")),
        _first(cells, ("adjudicated_dr_grade", "diagnosis")),
        quality=UNGRADABLE if ungradable else "",
    )


def _idrid(cells: Cells, labels: Path) -> Row:
    """One picture a patient; training and testing both count from 001."""
    name = cells["image_name"]
    return Row(name, cells["retinopathy_grade"], patient=f"idrid-{subset_of(labels.stem)}-{name}")


def _eyeq(cells: Cells, _labels: Path) -> Row:
    quality = {"0": "good", "1": "usable", "2": UNGRADABLE}.get(cells["quality"].lower(), "")
    return Row(cells["image"], cells["dr_grade"], quality=quality or cells["quality"].lower())


def _deepdrid(cells: Cells, _labels: Path) -> Row:
    """The eye's own grade, else the patient's.

    Only the column of the eye that was graded is filled, and where it and the name disagree
    (56_r3 is graded as a left eye) the column is the reader's. Overall quality 0 ("not good enough
    for diagnosis") stands at half of the graded photographs, so it is noted and rejects none;
    grade 5 is given to what could not be graded.
    """
    name = cells["image_id"]
    levels = {
        "left": cells.get("left_eye_dr_level", ""),
        "right": cells.get("right_eye_dr_level", ""),
    }
    graded = [eye for eye, level in levels.items() if level]
    by_name = re.search(r"_([lr])\d*$", name, re.IGNORECASE)
    eye = graded[0] if len(graded) == 1 else ""
    if not eye and by_name:
        eye = "left" if by_name.group(1).lower() == "l" else "right"
    grade = levels.get(eye, "") or cells.get("patient_dr_level", "")
    quality = {"0": "poor", "1": "good"}.get(_first(cells, ("overall_quality", "quality")), "")
    if grade in FIVES:
        grade, quality = "", UNGRADABLE
    patient = cells.get("patient_id", "") or name.partition("_")[0]
    return Row(name, grade, f"deepdrid-{patient}", eye, quality)


def _plain(cells: Cells, _labels: Path) -> Row:
    return Row(
        _first(cells, FILE_COLUMNS),
        _first(cells, GRADE_COLUMNS),
        _first(cells, PATIENT_COLUMNS),
        cells.get("eye", ""),
        cells.get("quality", ""),
        cells.get("shard", ""),
    )


CSV_LAYOUTS = {
    Layout.MESSIDOR2: CsvLayout(
        "Messidor-2",
        (
            ("image_id", "id_code", "image"),
            ("adjudicated_dr_grade", "adjudicated_gradable"),
            ("adjudicated_dr_grade", "diagnosis"),
        ),
        _messidor2,
    ),
    Layout.DEEPDRID: CsvLayout(
        "DeepDRiD",
        (("image_id",), ("left_eye_dr_level", "right_eye_dr_level", "patient_dr_level")),
        _deepdrid,
    ),
    Layout.IDRID: CsvLayout(
        "IDRiD", (("image_name",), ("retinopathy_grade",)), _idrid, named=r"^IDRiD_\d+"
    ),
    Layout.EYEQ: CsvLayout("EyeQ", (("image",), ("quality",), ("dr_grade",)), _eyeq),
    # DDR is handed out with the columns of APTOS.
    Layout.APTOS: CsvLayout(
        "APTOS 2019", (("id_code",), ("diagnosis",)), _aptos, five_is_ungradable=True
    ),
    Layout.EYEPACS: CsvLayout("EyePACS", (("image",), ("level",)), _eyepacs),
    Layout.PLAIN: CsvLayout(
        "plain csv",
        (FILE_COLUMNS, (*GRADE_COLUMNS, "quality", "shard")),
        _plain,
        plain=True,
    ),
}
