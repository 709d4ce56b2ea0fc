"""Writing labels, as the plain csv that `find_dataset` reads back."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from drscreen.domain.image import Laterality
from drscreen.training.datasets.photograph import LabelledPhotograph

_EYES = {Laterality.OD: "right", Laterality.OS: "left", None: ""}


def write_labels(path: Path, photographs: Iterable[LabelledPhotograph], folder: Path) -> None:
    """Write the labels of those photographs that lie under `folder`, the data set's own folder.

    `find_dataset(folder, labels=path)` reads them back, members of tar files included.
    """
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(("file", "shard", "patient", "eye", "icdr", "quality"))
        for photograph in photographs:
            place = photograph.place
            if place.path.is_relative_to(folder):
                below = place.path.relative_to(folder).as_posix()
                writer.writerow(
                    (
                        place.member or below,
                        below if place.member else "",
                        photograph.patient,
                        _EYES[photograph.eye],
                        int(photograph.grade),
                        photograph.quality,
                    )
                )
