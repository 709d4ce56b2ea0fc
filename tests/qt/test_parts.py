from __future__ import annotations

import pytest
from PySide6 import QtGui
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from drscreen.qt.views.parts import FileNameLabel
from tests.qt.clinic import Clinic


def test_a_long_file_name_keeps_its_ends_and_its_tooltip(qtbot: QtBot) -> None:
    name = "a_very_long_name_that_a_camera_wrote_0001_left.jpg"
    label = FileNameLabel(name, f"/card/{name}")
    qtbot.addWidget(label)
    label.resize(2000, 20)
    label.show()
    assert label.text() == name
    label.resize(160, 20)
    qtbot.waitUntil(lambda: label.text() != name)
    assert label.text().startswith("a_v")
    assert label.text().endswith(".jpg")
    assert label.toolTip() == f"/card/{name}"


@pytest.mark.parametrize("name", ["<b>OD</b>.jpg", "<img src='/etc/passwd'>.jpg", "a\n<br>.jpg"])
def test_a_tooltip_shows_markup_as_it_is(qtbot: QtBot, name: str) -> None:
    shown = QTextDocument()
    tip = FileNameLabel(name, f"/card/{name}").toolTip()
    if QtGui.Qt.mightBeRichText(tip):  # as tooltips are shown
        shown.setHtml(tip)
    else:
        shown.setPlainText(tip)
    assert shown.toPlainText() == f"/card/{name}"


def test_no_label_of_the_window_reads_markup(administrator: Clinic) -> None:
    administrator.open_new_patient()
    labels = administrator.window.findChildren(QLabel)
    assert labels
    read = [one.text() for one in labels if one.textFormat() is not Qt.TextFormat.PlainText]
    assert [text for text in read if text] == []
