"""The sample photographs of the demonstration clinic: phantoms of a few invented patients.

`python -m drscreen.adapters.imaging.phantom_samples FOLDER` draws them anew, with `samples.json`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image

from drscreen.adapters.imaging.phantom import draw_phantom
from drscreen.domain.grading import Grade
from drscreen.domain.image import Laterality
from drscreen.domain.quality import QualityReason

#: Stands in each file as a JPEG comment.
COMMENT = "drscreen phantom: a drawing"
_SIZE = 1200
_JPEG_QUALITY = 88


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample file and the invented patient it belongs to.

    `grade` is what was drawn; `defect` spoils the picture, and then the gate shall stop it.
    """

    mrn: str
    family_name: str
    given_name: str
    birth_date: str
    eye: Laterality
    grade: Grade
    seed: int
    defect: QualityReason | None = None

    @property
    def file(self) -> str:
        """The file's name: patient, drawn grade or defect, eye."""
        what = self.defect.value if self.defect else f"grade{int(self.grade)}"
        return f"phantom_{self.mrn.lower()}_{what}_{self.eye.value.lower()}.jpg"


_ONE = ("DEMO-001", "Drawing", "One", "1961-03-14")
_TWO = ("DEMO-002", "Drawing", "Two", "1974-11-02")
_THREE = ("DEMO-003", "Drawing", "Three", "1958-07-29")
_FOUR = ("DEMO-004", "Drawing", "Four", "1966-01-20")
_FIVE = ("DEMO-005", "Drawing", "Five", "1982-09-05")

SAMPLES = (
    Sample(*_ONE, Laterality.OD, Grade.NONE, 101),
    Sample(*_ONE, Laterality.OS, Grade.NONE, 101),
    Sample(*_TWO, Laterality.OD, Grade.MILD, 102),
    Sample(*_TWO, Laterality.OS, Grade.NONE, 102),
    Sample(*_THREE, Laterality.OD, Grade.MODERATE, 103),
    Sample(*_THREE, Laterality.OS, Grade.SEVERE, 103),
    Sample(*_FOUR, Laterality.OD, Grade.PROLIFERATIVE, 104),
    Sample(*_FOUR, Laterality.OS, Grade.MODERATE, 104),
    Sample(*_FIVE, Laterality.OD, Grade.NONE, 105, QualityReason.OUT_OF_FOCUS),
    Sample(*_FIVE, Laterality.OS, Grade.MILD, 105),
)


def write_samples(folder: Path) -> None:
    """Draw every sample into `folder` (made where missing) and list them in `samples.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for sample in SAMPLES:
        drawn = draw_phantom(
            sample.grade, seed=sample.seed, eye=sample.eye, size=_SIZE, defect=sample.defect
        )
        picture = Image.frombytes("RGB", (drawn.width, drawn.height), drawn.pixels)
        picture.save(folder / sample.file, quality=_JPEG_QUALITY, comment=COMMENT)
        rows.append({"file": sample.file, **asdict(sample)})
    listing = json.dumps(rows, indent=2) + "\n"
    (folder / "samples.json").write_text(listing, encoding="utf-8")


if __name__ == "__main__":
    write_samples(Path(sys.argv[1]))
