"""A whole workstation over fakes: real threads, real window, nothing outside."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from drscreen.qt.views.theme import Theme
from tests.qt.clinic import Clinic

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
Draw = Callable[[str], Path]


@pytest.fixture(autouse=True)
def collection_on_the_gui_thread() -> Iterator[None]:
    """As `drscreen.qt.collector` does: a collection in the worker could destroy widgets there."""
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture(scope="session")
def theme(qapp: QApplication) -> Theme:
    return Theme(qapp, RESOURCES)


@pytest.fixture
def clinic(qtbot: QtBot, theme: Theme) -> Iterator[Clinic]:
    """A workstation that was set up; nobody has signed in."""
    made = Clinic(qtbot, theme)
    yield made
    made.close()


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    """Draws a disc on black, which is all a fake gate asks of a photograph."""

    def make(name: str) -> Path:
        image = QImage(120, 100, QImage.Format.Format_RGB32)
        image.fill(Qt.GlobalColor.black)
        painter = QPainter(image)
        painter.setBrush(QColor(170, 80, 40))
        # The name decides the size, so that every drawing has bytes of its own.
        painter.drawEllipse(10, 5, 60 + sum(name.encode()) % 40, 90)
        painter.end()
        path = tmp_path / name
        assert image.save(str(path))
        return path

    return make


@pytest.fixture
def administrator(clinic: Clinic) -> Clinic:
    """The clinic with its administrator signed in."""
    clinic.sign_in()
    clinic.settle()
    return clinic
