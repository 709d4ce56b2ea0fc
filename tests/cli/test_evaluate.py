"""`drscreen evaluate`, on small real files, as a clinic would run it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from drscreen.adapters.imaging.phantom import draw_phantom
from drscreen.adapters.model.bundle_writer import write_bundle
from drscreen.cli import app
from drscreen.domain.errors import PredictionFailed
from drscreen.domain.grading import Grade
from drscreen.domain.image import Laterality
from drscreen.domain.screening import ScreeningRequest, ScreeningResult
from drscreen.services.screening import UnrecordedScreening
from tests.bundles import content, random_tensors

HEADER = "file,patient,icdr,quality,Camera"


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clinic")
    for seed in range(10):
        drawing = draw_phantom(Grade(seed % 5), seed=seed, eye=Laterality.OD, size=400)
        picture = Image.frombytes("RGB", (drawing.width, drawing.height), drawing.pixels)
        picture.save(folder / f"e{seed}.jpg", quality=90)
    return folder


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    rows = [
        f"e{i}.jpg,p{i // 2},{i % 5},{'good' if i % 3 else 'usable'},{'AB'[i % 2]}"
        for i in range(10)
    ]
    return written(tmp_path / "labels.csv", *rows)


@pytest.fixture
def evaluate(drawings: Path, bundle: Path, tmp_path: Path) -> Any:
    def run(labels: Path, *more: object) -> Any:
        command = ("evaluate", "--images", drawings, "--labels", labels, "--model", bundle)
        return CliRunner().invoke(app, [str(x) for x in (*command, "--home", tmp_path, *more)])

    return run


def written(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text("\n".join((header, *rows)) + "\n")
    return path


def test_the_page_holds_figures_groups_and_plots_and_fetches_nothing(
    evaluate: Any, labels: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    ran = evaluate(labels, "--by", "camera", "--html", page, "--json")
    assert ran.exit_code == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert set(found["groups"]) == {"quality", "camera"}
    assert found["groups"]["camera"]["A"]["photographs"] == 5
    assert [grade["photographs"] for grade in found["per_grade"]] == [2] * 5
    text = page.read_text(encoding="utf-8")
    assert "not a cleared medical device" in text
    assert "<h2>By camera</h2>" in text
    assert text.count('src="data:image/svg+xml;base64,') == 4
    assert "<script" not in text
    assert "http" not in text.replace("http-equiv", "")
    assert not any(f"e{i}.jpg" in text for i in range(10))


def test_without_matplotlib_the_page_says_how_to_get_plots(
    evaluate: Any, labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("matplotlib", "matplotlib.style", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, module, None)
    ran = evaluate(labels, "--html", tmp_path / "page.html")
    assert ran.exit_code == 0, ran.stderr
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "No plots: Drawing needs matplotlib" in text
    assert "pip install" in text
    assert "<img" not in text


def test_ten_photographs_are_said_to_be_few(evaluate: Any, labels: Path) -> None:
    ran = evaluate(labels, "--json")
    assert "CAUTION: Only 6 referable eyes were graded" in ran.stderr
    found = json.loads(ran.stdout)
    assert found["sensitivity"]["high"] - found["sensitivity"]["low"] > 0.3


def test_it_goes_on_where_it_was_stopped(
    evaluate: Any, labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = UnrecordedScreening.screen
    asked: list[str] = []
    stops_after = 4

    def counted(self: UnrecordedScreening, request: ScreeningRequest) -> ScreeningResult:
        if request.path.name.startswith("e"):
            if len(asked) == stops_after:
                raise PredictionFailed("The power went.")
            asked.append(request.path.name)
        return screen(self, request)

    uninterrupted = json.loads(evaluate(labels, "--journal", tmp_path / "other", "--json").stdout)
    monkeypatch.setattr(UnrecordedScreening, "screen", counted)
    stopped = evaluate(labels)
    assert stopped.exit_code == 1
    assert "The power went." in stopped.stderr
    asked.clear()
    stops_after = 10
    resumed = evaluate(labels, "--json")
    assert "4 photographs were screened before" in resumed.stderr
    assert len(asked) == 6
    assert json.loads(resumed.stdout) == uninterrupted


def test_another_network_is_asked_anew_and_compared(
    evaluate: Any, labels: Path, tmp_path: Path
) -> None:
    write_bundle(tmp_path / "other", random_tensors(seed=1), content("other"))
    page = tmp_path / "page.html"
    ran = evaluate(labels, "--against", tmp_path / "other", "--html", page, "--json")
    assert ran.exit_code == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert "screened before" not in ran.stderr
    assert found["against"]["name"] == "other"
    assert found["comparison"]["photographs"] == found["graded"]
    figures = {d["figure"]: d for d in found["comparison"]["differences"]}
    auc = figures["auc_referable"]
    assert auc["difference"]["value"] == pytest.approx(auc["first"] - auc["second"])
    assert auc["first"] == found["auc_referable"]["value"]
    assert "Beside other 1" in page.read_text(encoding="utf-8")
    told = evaluate(labels, "--against", tmp_path / "other")
    assert "10 photographs were screened before" in told.stderr
    assert "trial beside other" in told.stdout


def test_grades_may_be_words_and_one_class_alone_is_said(evaluate: Any, tmp_path: Path) -> None:
    words = written(
        tmp_path / "words.csv",
        *(f"e{i},{grade}" for i, grade in enumerate(("No DR", "Proliferative DR", "mild npdr"))),
        header="image,grade",
    )
    found = json.loads(evaluate(words, "--json").stdout)
    assert [grade["photographs"] for grade in found["per_grade"]] == [1, 1, 0, 0, 1]
    healthy = written(tmp_path / "h.csv", *(f"e{i},0" for i in range(6)), header="image,grade")
    ran = evaluate(healthy, "--html", tmp_path / "h.html")
    assert ran.exit_code == 0, ran.stderr
    assert "None of the graded eyes is referable: AUC and sensitivity cannot be known" in ran.stderr
    assert "one grade" in (tmp_path / "h.html").read_text(encoding="utf-8")


def test_labels_without_photographs_and_the_reverse_are_counted_and_named(
    evaluate: Any, tmp_path: Path
) -> None:
    some = written(tmp_path / "s.csv", "e1,1", "gone,2", "e2,much", header="image,grade")
    ran = evaluate(some, "--json")
    assert ran.exit_code == 0, ran.stderr
    assert "1 left out, no such photograph" in ran.stderr
    assert "'e2' has 'much'" in ran.stderr
    assert "8 photographs without a label are not used" in ran.stderr
    assert json.loads(ran.stdout)["skipped"] == 2
    none = written(tmp_path / "n.csv", "gone,2", header="image,grade")
    ran = evaluate(none)
    assert (ran.exit_code, "names a photograph" in ran.stderr) == (1, True)


def test_the_same_photograph_under_two_patients_counts_once_and_is_said(
    evaluate: Any, drawings: Path, tmp_path: Path
) -> None:
    copy = drawings / "copy.jpg"
    copy.write_bytes((drawings / "e1.jpg").read_bytes())
    try:
        both = written(tmp_path / "b.csv", "e1,1", "e2,2", "copy,3", header="image,grade")
        ran = evaluate(both, "--json")
    finally:
        copy.unlink()
    assert "WARNING: the same photograph under two patients" in ran.stderr
    assert "there with another grade" in ran.stderr
    found = json.loads(ran.stdout)
    assert (found["photographs"], found["copies"], found["unreadable"]) == (2, 1, 0)


def test_an_unknown_column_and_an_unwritable_page_are_said(
    evaluate: Any, labels: Path, tmp_path: Path
) -> None:
    ran = evaluate(labels, "--by", "sex")
    assert ran.exit_code == 1
    assert "No labels file has a column 'sex'. Columns: camera, file, icdr" in ran.stderr
    ran = evaluate(labels, "--html", tmp_path / "no" / "page.html")
    assert (ran.exit_code, "[file_unwritable]" in ran.stderr) == (1, True)


def test_a_network_of_other_classes_is_refused(
    evaluate: Any, bundle: Path, labels: Path, tmp_path: Path
) -> None:
    tensors = random_tensors()
    tensors |= {"fc.weight": tensors["fc.weight"][:2], "fc.bias": tensors["fc.bias"][:2]}
    write_bundle(tmp_path / "two", tensors, content("two"))
    ran = evaluate(labels, "--model", tmp_path / "two")
    assert ran.exit_code == 1
    assert "tells 2 classes apart" in ran.stderr
