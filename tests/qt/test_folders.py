"""Folders in the window: dropped anywhere on the page, or chosen; their photographs are staged."""

from __future__ import annotations

import itertools
import shutil
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from drscreen.domain.image import Laterality
from drscreen.domain.photograph_files import SUFFIXES, photographs_among
from tests.qt.clinic import WAIT, Clinic
from tests.qt.conftest import Draw

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def drop(target: QWidget, *paths: Path) -> bool:
    """Drag files over a widget and let them go there, as the system does; whether it took them."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy = Qt.DropAction.CopyAction
    entered = QDragEnterEvent(QPoint(5, 5), copy, data, LEFT, NONE)
    QApplication.sendEvent(target, entered)
    dropped = QDropEvent(QPointF(5, 5), copy, data, LEFT, NONE)
    if entered.isAccepted():
        QApplication.sendEvent(target, dropped)
    return entered.isAccepted() and dropped.isAccepted()


def names(clinic: Clinic) -> list[str]:
    return [row.item.path.name for row in clinic.window.patient.incoming.rows]


@pytest.fixture
def visit(tmp_path: Path, draw: Draw) -> Path:
    folder = tmp_path / "OS of Rosa"
    for place, name in (("", "x_OD.png"), ("", "y.png"), ("OD", "z.png"), ("__MACOSX", "._y.png")):
        (folder / place).mkdir(parents=True, exist_ok=True)
        shutil.copy(draw(name), folder / place / name)
    (folder / "Thumbs.db").touch()
    return folder


def test_a_dropped_folder_is_its_photographs(clinic: Clinic, visit: Path) -> None:
    clinic.sign_in()
    clinic.open_new_patient()
    assert drop(clinic.window.patient, visit)
    rows = clinic.window.patient.incoming.rows
    assert [(row.item.path.name, row.item.eye) for row in rows] == [
        ("x_OD.png", Laterality.OD),
        ("y.png", None),
        ("z.png", Laterality.OD),
    ]
    assert not clinic.window.patient.error.isVisible()


def test_the_black_pane_takes_what_is_dropped_on_it(clinic: Clinic, visit: Path) -> None:
    clinic.sign_in()
    clinic.open_new_patient()
    assert drop(clinic.window.patient.photograph.view.viewport(), visit)
    assert names(clinic) == ["x_OD.png", "y.png", "z.png"]


def test_a_folder_without_photographs_says_so(clinic: Clinic, tmp_path: Path) -> None:
    (tmp_path / "empty" / "below").mkdir(parents=True)
    clinic.sign_in()
    clinic.open_new_patient()
    drop(clinic.window.patient, tmp_path / "empty")
    assert names(clinic) == []
    assert "no photographs there, nor in the folders below" in clinic.window.patient.error.text


def test_what_a_system_left_is_no_photograph(clinic: Clinic, draw: Draw) -> None:
    clinic.sign_in()
    clinic.open_new_patient()
    drop(clinic.window.patient, draw("x_OD.png"), draw("._x_OD.png"))
    assert names(clinic) == ["x_OD.png"]
    drop(clinic.window.patient, draw("._y_OD.png"))
    assert names(clinic) == ["x_OD.png"]
    assert "no photographs there" in clinic.window.patient.error.text


def test_a_chosen_folder_is_its_photographs(
    clinic: Clinic, visit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(visit))
    clinic.sign_in()
    clinic.open_new_patient()
    clinic.window.patient.incoming.add_folder.click()
    assert names(clinic) == ["x_OD.png", "y.png", "z.png"]


def test_the_dialog_offers_every_format_in_any_case(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ask(_parent: object, _title: str, _folder: str, patterns: str) -> tuple[list[str], str]:
        asked.append(patterns)
        return [], ""

    monkeypatch.setattr(QFileDialog, "getOpenFileNames", ask)
    clinic.sign_in()
    clinic.open_new_patient()
    clinic.window.patient.incoming.add.click()
    for suffix in SUFFIXES:
        assert f"*{suffix} " in asked[0].replace(")", " ")
        assert f"*{suffix.upper()}" in asked[0]


def test_five_hundred_files_leave_the_window_alive(clinic: Clinic, tmp_path: Path) -> None:
    """The window answers between the rows: a beat is heard while they are being made."""
    folder = tmp_path / "camp"
    folder.mkdir()
    for number in range(500):
        (folder / f"{number:03}_od.png").touch()
    clinic.sign_in()
    clinic.open_new_patient()
    beats: list[int] = []
    beat = QTimer()
    beat.timeout.connect(lambda: beats.append(len(clinic.window.patient.incoming.rows)))
    beat.start(1)
    drop(clinic.window.patient, folder)
    assert clinic.window.patient.incoming.start.text() == "Screen 500 photographs"
    panel = clinic.window.patient.incoming
    clinic.qtbot.waitUntil(lambda: len(panel.rows) == 500, timeout=WAIT)
    steps = [after - before for before, after in itertools.pairwise(beats)]
    assert max(steps) <= 40
    assert names(clinic) == [f"{number:03}_od.png" for number in range(500)]


def test_a_slow_folder_is_staged_when_it_was_looked_through(
    clinic: Clinic, visit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(paths: list[Path]) -> object:
        time.sleep(0.5)
        return photographs_among(paths)

    monkeypatch.setattr("drscreen.qt.controllers.screening.photographs_among", slowly)
    clinic.sign_in()
    clinic.open_new_patient()
    drop(clinic.window.patient, visit)
    assert names(clinic) == []
    clinic.qtbot.waitUntil(lambda: len(names(clinic)) == 3, timeout=WAIT)
