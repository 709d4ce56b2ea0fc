"""A folder looked at: what is there twice, what the gate says, what cannot be read."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from drscreen.adapters.imaging.field_of_view import as_image
from drscreen.adapters.imaging.phantom import draw_phantom
from drscreen.domain.grading import Grade
from drscreen.domain.image import Laterality
from drscreen.domain.quality import QualityReason
from drscreen.training.datasets.place import Place
from drscreen.training.survey import Listed, Surveyed, survey
from drscreen.training.survey_page import survey_page
from tests.fakes.screening import FakeGate
from tests.shared_data import ROOT

TEMPLATES = ROOT / "resources" / "templates"


def drawn(seed: int) -> Image.Image:
    return as_image(draw_phantom(Grade(seed % 5), seed=seed, eye=Laterality.OD, size=500))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clinic")
    for seed in range(5):
        drawn(seed).save(folder / f"{seed}.jpg", quality=90)
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Topcon", "NW400\0"
    drawn(5).save(folder / "5.jpg", quality=90, exif=exif)
    drawn(1).reduce(2).save(folder / "small.jpg", quality=60)
    (folder / "copy.jpg").write_bytes((folder / "2.jpg").read_bytes())
    (folder / "broken.jpg").write_bytes((folder / "3.jpg").read_bytes()[:900])
    return folder


def listed(folder: Path, name: str, patient: str, grade: int | None = 0, **more: str) -> Listed:
    return Listed(
        Place(folder / f"{name}.jpg"), patient, None if grade is None else Grade(grade), **more
    )


def test_the_same_picture_is_found_whatever_became_of_its_file(folder: Path) -> None:
    names = [*"012345", "small", "copy"]
    found = survey([listed(folder, name, name) for name in names], FakeGate())
    pairs = {
        (t.first.listed.patient, t.second.listed.patient): (t.bytes_too, t.two_patients)
        for t in found.twins
    }
    assert pairs == {("1", "small"): (False, True), ("2", "copy"): (True, True)}
    own = survey([listed(folder, name, "one") for name in ("2", "copy")], FakeGate())
    assert not own.twins[0].two_patients


def test_sizes_cameras_and_verdicts_are_told(folder: Path) -> None:
    gate = FakeGate()
    gate.queue(QualityReason.OUT_OF_FOCUS)
    steps: list[int] = []
    found = survey(
        [
            listed(folder, "5", "a"),
            listed(folder, "small", "b", camera="Canon"),
            listed(folder, "broken", "c"),
        ],
        gate,
        lambda: steps.append(1),
    )
    first, second = found.photographs
    assert isinstance(first, Surveyed)
    assert (first.camera, first.width, first.shape) == ("Topcon NW400", 500, "1.2 : 1")
    assert not first.verdict.gradable
    assert (second.camera, second.width) == ("Canon", 250)
    assert max(Image.open(io.BytesIO(first.thumbnail)).size) == 112
    ((missing, why),) = found.unreadable
    assert (missing.patient, "breaks off" in why) == ("c", True)
    assert len(steps) == 3


def test_the_page_shows_every_grade_and_runs_nothing(folder: Path) -> None:
    gate = FakeGate()
    gate.queue(QualityReason.TOO_DARK)
    photographs = [
        listed(folder, "0", "<script>alert(1)</script>", 0, quality="reject"),
        listed(folder, "1", "b", 4, camera="<b>x</b>"),
        listed(folder, "small", "c", None),
    ]
    page = survey_page(survey(photographs, gate), "<i>clinic</i>", TEMPLATES, "Research use.")
    assert "Grade 4: Proliferative DR" in page
    assert "No grade given" in page
    assert "too dark" in page
    assert "1 of them under two patients" in page
    assert "graded differently" in page
    assert page.count('src="data:image/jpeg;base64,') == 5
    for foreign in ("<script", "<b>x", "<i>clinic"):
        assert foreign not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "Research use." in page


def test_a_large_grade_is_thinned_and_says_so(folder: Path) -> None:
    one = survey([listed(folder, "0", "a", 2)], FakeGate())
    many = type(one)([one.photographs[0]] * 100, [], [])
    page = survey_page(many, "clinic", TEMPLATES, "")
    assert "34 of 100, evenly chosen" in page
    assert page.count("<img") == 34
