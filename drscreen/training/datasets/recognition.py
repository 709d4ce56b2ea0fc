"""Which layout a folder has, by the columns of its csv files and the names of its folders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from drscreen.domain.errors import DatasetError
from drscreen.training.datasets.folder import DatasetFolder
from drscreen.training.datasets.labels_file import LabelsFile, read_labels_file
from drscreen.training.datasets.layouts import CSV_LAYOUTS, Layout
from drscreen.training.datasets.words import parse_grade

#: Templates of Kaggle and DeepDRiD for what a contestant hands in: grades that nobody gave.
_TEMPLATE = re.compile(r"submission|_upload", re.IGNORECASE)


def readable_csv(content: DatasetFolder) -> tuple[list[LabelsFile], list[str]]:
    """The csv files that can be read, and why others cannot; hand-in templates are left aside."""
    files, unreadable = [], []
    for path in content.csv_files:
        if not _TEMPLATE.search(path.stem):
            try:
                files.append(read_labels_file(path))
            except DatasetError as error:
                unreadable.append(error.message)
    return files, unreadable


def named_layout(file: LabelsFile) -> Layout:
    """The layout of a labels file that somebody named. Raises `DatasetError` where none fits."""
    if file.scale:
        raise DatasetError(another_scale(str(file.path), file.scale))
    if file.layout is None:
        raise DatasetError(f"No grades were found in {file.path}. {_looked_for()}.")
    return file.layout


def recognise_folder(
    content: DatasetFolder, files: Sequence[LabelsFile], unreadable: Sequence[str]
) -> Layout:
    """The one layout that fits. Raises `DatasetError` where none or more than one does."""
    fitting = {file.layout: names(content, [file]) for file in files if file.layout}
    may_be_no_and_yes = {path.parent.name for path in content.photographs} == {"0", "1"}
    if _grades_are_folders(content) and not may_be_no_and_yes:
        fitting[Layout.FOLDERS] = "folders named by grade"
    if len(fitting) == 1:
        return next(iter(fitting))
    if fitting:
        found = ", ".join(f"{layout} ({why})" for layout, why in fitting.items())
        raise DatasetError(
            f"More than one layout fits {content.folder}: {found}. Choose with --layout, or "
            "leave one labels file in the folder."
        )
    for file in files:
        if file.scale:
            raise DatasetError(another_scale(names(content, [file]), file.scale))
    if may_be_no_and_yes:
        raise DatasetError(
            f"The folders of {content.folder} are called 0 and 1, which may mean no and yes. "
            "Call them No_DR and Mild where that is meant, or name the layout with --layout."
        )
    raise DatasetError(
        f"No grades were found in {content.folder} ({len(content.photographs)} photographs, "
        f"{len(content.csv_files)} csv files). "
        + "".join(f"{why} " for why in unreadable)
        + f"{_looked_for()}, and for folders named by grade (0 to 4, or No_DR, Mild, Moderate, "
        "Severe, Proliferate_DR). Put the labels file into the folder, or name the layout with "
        f"--layout ({', '.join(Layout)})."
    )


def another_scale(labels: str, scale: str) -> str:
    """The sentence on labels that are not ICDR's."""
    return (
        f"{labels} grades by another scale than ICDR's 0 to 4: {scale}. Read as ICDR its grades "
        "would be false, so nothing was read. Grade the photographs by ICDR, or use others."
    )


def names(content: DatasetFolder, files: Iterable[LabelsFile]) -> str:
    """Labels files for a sentence: below the data set's folder where they lie there."""
    return ", ".join(
        content.relative(f.path) if f.path.is_relative_to(content.folder) else str(f.path)
        for f in files
    )


def _grades_are_folders(content: DatasetFolder) -> bool:
    """Whether all folders with photographs are named by grade, and more than one grade is there."""
    grades = {parse_grade(path.parent.name) for path in content.photographs}
    return len(grades) > 1 and None not in grades


def _looked_for() -> str:
    known = "; ".join(f"{csv.title}: {csv.wanted}" for csv in CSV_LAYOUTS.values())
    return f"Looked for a csv with the columns of a known layout ({known})"
