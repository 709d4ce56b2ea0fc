"""Find out how a folder of photographs is labelled, and read it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from drscreen.domain.errors import DatasetError
from drscreen.domain.grading import Grade
from drscreen.training.datasets.folder import DatasetFolder
from drscreen.training.datasets.labels_file import LabelsFile, read_labels_file
from drscreen.training.datasets.layouts import (
    CSV_LAYOUTS,
    GRADE_COLUMNS,
    PAIR_COLUMNS,
    CsvLayout,
    Layout,
)
from drscreen.training.datasets.photograph import LabelledPhotograph
from drscreen.training.datasets.place import Place
from drscreen.training.datasets.recognition import (
    another_scale,
    named_layout,
    names,
    readable_csv,
    recognise_folder,
)
from drscreen.training.datasets.report import DatasetReport, Finding
from drscreen.training.datasets.rows import RowReader, named_patient
from drscreen.training.datasets.scales import scale_by_values
from drscreen.training.datasets.words import parse_grade


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set that was read. `labels` is empty where folders are the labels.

    `labels_sha256` is the hash of the labels file, of the hashes of several, or of the photographs'
    names where folders are the labels.
    """

    name: str
    folder: Path
    layout: Layout
    labels: tuple[Path, ...]
    labels_sha256: str
    photographs: tuple[LabelledPhotograph, ...]
    report: DatasetReport


def find_dataset(
    folder: Path,
    *,
    layout: Layout | None = None,
    labels: Path | None = None,
    grade: Grade | None = None,
    name: str = "",
) -> Dataset:
    """Read the data set under `folder`, recognised by its csv files' columns or its folders' names.

    `layout` and `labels` settle what cannot be recognised; `labels` may lie elsewhere. `grade` is
    given to photographs of a labels file that has no column of grades. Rows that cannot be used
    are left out and stand in the report. Raises `DatasetError` where nothing or more than one
    layout fits, or no photograph with a grade is left.
    """
    content = DatasetFolder(folder)
    chosen = layout is not None
    name = name or dataset_name(folder)
    if labels is not None:
        files = [read_labels_file(labels)]
        layout = layout or named_layout(files[0])
    else:
        files, unreadable = readable_csv(content)
        layout = layout or recognise_folder(content, files, unreadable)
    if layout is Layout.FOLDERS:
        return _read_folders(content, name)
    return _read_csv(content, name, layout, files, grade, sure=chosen)


def find_datasets(
    folders: Sequence[Path], *, layout: Layout | None = None, grade: Grade | None = None
) -> list[Dataset]:
    """`find_dataset` for each folder, in order; folders of one name are told apart by a number."""
    names: list[str] = []
    for folder in folders:
        name = dataset_name(folder)
        again = sum(earlier.partition("#")[0] == name for earlier in names)
        names.append(f"{name}#{again + 1}" if again else name)
    return [
        find_dataset(folder, layout=layout, grade=grade, name=name)
        for folder, name in zip(folders, names, strict=True)
    ]


def dataset_name(folder: Path) -> str:
    """What a data set is called: its folder's name, or the one above a folder called images."""
    folder = folder.absolute()
    return folder.parent.name if folder.name.lower() == "images" else folder.name


def _read_csv(
    content: DatasetFolder,
    name: str,
    layout: Layout,
    files: Sequence[LabelsFile],
    grade: Grade | None,
    *,
    sure: bool,
) -> Dataset:
    """`sure` where a person said that this is the layout."""
    csv = CSV_LAYOUTS[layout]
    used = [f for f in files if f.layout is layout] or [f for f in files if csv.fits(f.columns)]
    if not used:
        raise DatasetError(
            f"No csv file for {content.folder} has the columns of {csv.title}: {csv.wanted}."
        )
    if len(used) > 1 and csv.plain:
        raise DatasetError(
            f"{content.folder} has more than one labels file: {names(content, used)}. "
            "Leave one in the folder."
        )
    pairs = [f for f in files if set(f.columns) >= PAIR_COLUMNS and f not in used]
    reader = RowReader(content, grade)
    reader.pair(pairs)
    for file in used:
        graded = csv.has_grades(file.columns)
        if not graded and grade is None:
            raise DatasetError(
                f"{file.path} has no column of grades ({', '.join(GRADE_COLUMNS)}). Name another "
                "labels file, or the grade that all its photographs have."
            )
        _refuse_another_scale(content, file, csv, sure=sure)
        reader.read(file, csv, graded=graded)
    if not reader.photographs:
        first = f" {reader.findings[0].told}" if reader.findings else ""
        raise DatasetError(
            f"No row of {names(content, used)} names a photograph under "
            f"{content.folder} with a grade.{first}"
        )
    taken = {file.path for file in (*used, *pairs)}
    sha256s = [file.sha256 for file in used]
    return _dataset(
        content,
        name,
        layout,
        reader.photographs,
        labels=tuple(file.path for file in used),
        labels_sha256=sha256s[0] if len(used) == 1 else _digest(sha256s),
        findings=reader.findings,
        unlabelled=reader.unlabelled(),
        unused=[path for path in content.csv_files if path not in taken],
    )


def _refuse_another_scale(
    content: DatasetFolder, file: LabelsFile, csv: CsvLayout, *, sure: bool
) -> None:
    scale = file.scale or scale_by_values(
        [csv.read(cells, file.path).grade for _line, cells in file.rows],
        five_is_ungradable=csv.five_is_ungradable,
        surely_icdr=sure or not csv.plain or "icdr" in file.columns,
    )
    if scale:
        raise DatasetError(another_scale(names(content, [file]), scale))


def _read_folders(content: DatasetFolder, name: str) -> Dataset:
    photographs = []
    for path in content.photographs:
        grade = parse_grade(path.parent.name)
        if grade is not None:
            patient, eye = named_patient(path.stem)
            if eye is None:
                # Numbering begins anew in each grade's folder as often as not.
                patient = content.relative(path.with_suffix(""))
            photographs.append(LabelledPhotograph(Place(path), patient, grade, eye=eye))
    if not photographs:
        raise DatasetError(
            f"No folder under {content.folder} is named by grade (0 to 4, or No_DR, Mild, "
            "Moderate, Severe, Proliferate_DR) and holds photographs."
        )
    return _dataset(
        content,
        name,
        Layout.FOLDERS,
        photographs,
        labels=(),
        labels_sha256=_digest(content.relative(p.place.path) for p in photographs),
        findings=[],
        unlabelled=len(content.photographs) - len(photographs),
        unused=content.csv_files,
    )


def _dataset(
    content: DatasetFolder,
    name: str,
    layout: Layout,
    photographs: Sequence[LabelledPhotograph],
    *,
    labels: tuple[Path, ...],
    labels_sha256: str,
    findings: Sequence[Finding],
    unlabelled: int,
    unused: Sequence[Path],
) -> Dataset:
    grades = Counter(photograph.grade for photograph in photographs)
    report = DatasetReport(
        name=name,
        layout=layout,
        labels=tuple(path.name for path in labels),
        photographs=len(photographs),
        patients=len({photograph.patient for photograph in photographs}),
        grades=tuple(grades[grade] for grade in Grade),
        qualities=dict(Counter(photograph.quality for photograph in photographs)),
        unlabelled=unlabelled,
        unused=tuple(path.name for path in unused),
        findings=tuple(findings),
    )
    return Dataset(name, content.folder, layout, labels, labels_sha256, tuple(photographs), report)


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
