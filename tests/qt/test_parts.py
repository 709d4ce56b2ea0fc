from __future__ import annotations

from pytestqt.qtbot import QtBot

from drscreen.qt.views.parts import FileNameLabel


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
