"""Photographs with quality labels, measured as the gate measures them."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from drscreen.adapters.imaging.field_of_view import as_image, find_field_of_view, from_image
from drscreen.adapters.imaging.quality_map import map_photograph
from drscreen.adapters.imaging.quality_measures import Floats, QualityMeasures, measure
from drscreen.adapters.imaging.reader import PillowReader
from drscreen.domain.errors import DatasetError, TextUnreadable
from drscreen.domain.image import RgbImage
from drscreen.domain.text_file import text_of
from drscreen.training.datasets.place import Place, tar_members

#: What data sets call a photograph that can be graded, and one that cannot.
GRADABLE = frozenset({"good", "usable"})
UNGRADABLE = frozenset({"bad", "reject", "not_fundus"})
FOLDS = 5
#: Where drimdb's camera burns the date in, as shares of width and height: left, top, right, bottom.
_DATE = (0.72, 0.0, 0.93, 0.055)
#: Every so many-th good photograph is also kept blurred beyond use, by a standard deviation between
#: these shares of the field's diameter. (A main vein is about 0.015 wide.)
_BLURRED_EVERY = 3
_BLURS = (0.010, 0.035)


@dataclass(frozen=True, slots=True)
class MeasuredPhotograph:
    """What a data set says of a photograph and what the gate sees of it.

    `quality` is the data set's word or empty, `grade` an ICDR grade's digit or empty. `blurred` is
    the map of the same photograph blurred beyond use, of some good ones.
    """

    dataset: str
    patient: str
    quality: str
    grade: str
    measures: QualityMeasures
    map: Floats
    blurred: Floats | None = None

    @property
    def fold(self) -> int:
        """See `patient_fold`."""
        return patient_fold(self.patient)


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """A row of a labels file, and where its photograph lies."""

    cells: dict[str, str]
    place: Place

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column) or ""

    @property
    def patient(self) -> str:
        """The patient, or the file where the data set tells of none."""
        return self["patient"] or self["file"]


def patient_fold(patient: str) -> int:
    """0 to FOLDS - 1, by a hash of the patient: nobody lies in two."""
    return hashlib.sha256(f"quality:{patient}".encode()).digest()[0] % FOLDS


def measure_dataset(images: Path, labels: Path, *, mask_date: bool) -> Iterator[MeasuredPhotograph]:
    """Every photograph that `labels` lists, in its order.

    The CSV has the columns `file` and `quality` (good, usable, reject, bad, not_fundus or empty);
    where there are several photographs of a patient, `patient`; optionally `icdr`; and `shard`
    where the files lie in plain tar files beside it. Raises a `PhotographError` or `DatasetError`.
    """
    good = 0
    for row in read_rows(images, labels):
        data = row.place.read()
        image = PillowReader().decode(_without_date(data) if mask_date else data).image
        field = find_field_of_view(image)
        blurred = None
        if row["quality"] == "good":
            good += 1
            if good % _BLURRED_EVERY == 0:
                blurred = map_photograph(blur_photograph(image, _some_blur(row["file"])), field)
        yield MeasuredPhotograph(
            dataset=labels.resolve().parent.name,
            patient=row.patient,
            quality=row["quality"],
            grade=row["icdr"],
            measures=measure(image, field),
            map=map_photograph(image, field),
            blurred=blurred,
        )


def read_rows(images: Path, labels: Path) -> list[LabelledRow]:
    """The rows of a labels file. Raises `DatasetError` where it or a tar file is not to be read."""
    tars: dict[str, dict[str, Place]] = {}
    rows = []
    try:
        text = text_of(labels.read_bytes(), f"The labels file {labels}")
    except TextUnreadable as error:
        raise DatasetError(error.message) from error
    for cells in csv.DictReader(io.StringIO(text, newline="")):
        name, shard = cells["file"], cells.get("shard")
        if shard and shard not in tars:
            tars[shard] = tar_members(labels.parent / shard)
        rows.append(LabelledRow(cells, tars[shard][name] if shard else Place(images / name)))
    return rows


def blur_photograph(image: RgbImage, blur: float) -> RgbImage:
    """Gaussian blur; the standard deviation is `blur` as a share of the field's diameter."""
    spread = ImageFilter.GaussianBlur(blur * find_field_of_view(image).diameter)
    return from_image(as_image(image).filter(spread))


def _some_blur(name: str) -> float:
    """Between the ends of `_BLURS`, evenly in the logarithm, always the same for one name."""
    share = hashlib.sha256(f"blur:{name}".encode()).digest()[0] / 255
    return float(np.exp(np.log(_BLURS[0]) + share * np.log(_BLURS[1] / _BLURS[0])))


def _without_date(data: bytes) -> bytes:
    """The picture with the date's rectangle filled by the rows just below it, as BMP."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    left, top, right, bottom = (
        round(share * side) for share, side in zip(_DATE, picture.size * 2, strict=True)
    )
    below = picture.crop((left, bottom, right, bottom + 2))
    picture.paste(below.resize((right - left, bottom - top)), (left, top))
    out = io.BytesIO()
    picture.save(out, "BMP")
    return out.getvalue()
