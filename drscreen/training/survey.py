"""What a folder of photographs holds, for people to look at before they train or measure."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import ExifTags, Image

from drscreen.adapters.imaging.field_of_view import as_image
from drscreen.adapters.imaging.reader import FORMATS, PillowReader
from drscreen.domain.errors import PhotographError
from drscreen.domain.grading import Grade
from drscreen.domain.image import RgbImage
from drscreen.domain.ports import QualityGate
from drscreen.domain.quality import QualityVerdict
from drscreen.training.datasets.place import Place
from drscreen.training.likeness import Print, alike, picture_print

#: Pixels a side of a thumbnail: enough to see field, focus and the disc.
THUMBNAIL = 112
#: The labels file's column that says so, where photographs have lost their EXIF.
CAMERA_COLUMN = "camera"


@dataclass(frozen=True, slots=True)
class Listed:
    """A photograph and what a data set says of it; `grade` is None where nobody gave one."""

    place: Place
    patient: str
    grade: Grade | None = None
    quality: str = ""
    camera: str = ""


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A photograph that was read: `thumbnail` is a JPEG, `camera` its own word for it or empty."""

    listed: Listed
    sha256: str
    width: int
    height: int
    camera: str
    verdict: QualityVerdict
    thumbnail: bytes

    @property
    def shape(self) -> str:
        """Aspect ratio to one digit: cameras, and what publishers made of them, differ in it."""
        return f"{self.width / self.height:.1f} : 1"


@dataclass(frozen=True, slots=True)
class Twins:
    """The same picture twice; `bytes_too` where the files are equal, not only what they show."""

    first: Surveyed
    second: Surveyed
    bytes_too: bool

    @property
    def two_patients(self) -> bool:
        """Whether the two stand under different patients, which spoils any split by patient."""
        return self.first.listed.patient != self.second.listed.patient


@dataclass(frozen=True, slots=True)
class Survey:
    """`unreadable` pairs what could not be read with the reason."""

    photographs: Sequence[Surveyed]
    unreadable: Sequence[tuple[Listed, str]]
    twins: Sequence[Twins]


def survey(
    photographs: Sequence[Listed], gate: QualityGate, step: Callable[[], None] = lambda: None
) -> Survey:
    """Read, judge and compare all; about 80 ms each. `step` is called after each."""
    reader = PillowReader()
    found: list[Surveyed] = []
    prints: list[Print] = []
    unreadable = []
    for listed in photographs:
        try:
            data = listed.place.read()
            decoded = reader.decode(data)
        except PhotographError as error:
            unreadable.append((listed, error.message))
        else:
            prints.append(picture_print(decoded.image))
            found.append(
                Surveyed(
                    listed,
                    hashlib.sha256(data).hexdigest(),
                    decoded.width,
                    decoded.height,
                    listed.camera or _camera(data),
                    gate.assess(decoded),
                    _thumbnail(decoded.image),
                )
            )
        step()
    pairs = ((found[a], found[b]) for a, b in alike(prints))
    twins = [Twins(a, b, a.sha256 == b.sha256) for a, b in pairs]
    return Survey(found, unreadable, twins)


def _camera(data: bytes) -> str:
    """Make and model of the EXIF block; empty where there is none that can be read."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            exif = opened.getexif()
    except (OSError, SyntaxError, ValueError):
        return ""
    words = (str(exif.get(tag, "")) for tag in (ExifTags.Base.Make, ExifTags.Base.Model))
    return " ".join(" ".join(words).replace("\0", "").split())


def _thumbnail(image: RgbImage) -> bytes:
    small = as_image(image).copy()
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=80)
    return out.getvalue()
