"""Tokens, themes, shapes, the photograph view."""

from __future__ import annotations

import json
import re

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from drscreen.domain.image import Laterality
from drscreen.domain.settings import Theme as ThemeChoice
from drscreen.qt.controllers.laterality import proposed_eye
from drscreen.qt.views.parts import TARGET
from drscreen.qt.views.photograph_view import PhotographView
from drscreen.qt.views.severity import paint_shape
from drscreen.qt.views.theme import Theme
from drscreen.qt.wording import Tone
from tests.qt.clinic import Clinic
from tests.qt.conftest import RESOURCES

TOKENS: dict[str, dict[str, str]] = json.loads((RESOURCES / "styles" / "tokens.json").read_text())


def luminance(color: str) -> float:
    """WCAG 2.2 relative luminance."""
    parts = (QColor(color).redF(), QColor(color).greenF(), QColor(color).blueF())
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_both_themes_have_the_same_tokens() -> None:
    assert TOKENS["dark"].keys() == TOKENS["light"].keys()
    assert {tone.value for tone in Tone} <= TOKENS["dark"].keys()


@pytest.mark.parametrize("name", ["dark", "light"])
def test_words_and_severities_can_be_read(name: str) -> None:
    tokens = TOKENS[name]
    for ground in ("surface", "bg", "selected"):
        assert contrast(tokens["text"], tokens[ground]) >= 7
        assert contrast(tokens["muted"], tokens[ground]) >= 4.5
        for tone in Tone:
            assert contrast(tokens[tone.value], tokens[ground]) >= 4.5, (tone, ground)
    assert contrast(tokens["accent"], tokens["surface"]) >= 4.5
    assert contrast(tokens["on_accent"], tokens["accent"]) >= 4.5
    assert contrast(tokens["field_line"], tokens["surface"]) >= 3


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_style_sheet_is_filled_and_names_files_that_exist(theme: Theme, name: str) -> None:
    sheet = theme.style_sheet(name)
    assert "$" not in sheet
    for path in re.findall(r"url\((.*?)\)", sheet):
        drawing = (RESOURCES / "styles" / path).read_text()
        (stroke,) = set(re.findall(r'stroke="(#\w+)"', drawing))
        assert stroke in TOKENS[name].values()


def test_icons_hold_no_colour_of_their_own(theme: Theme) -> None:
    drawings = sorted((RESOURCES / "icons").glob("*.svg"))
    assert drawings
    for drawing in drawings:
        assert "#" not in drawing.read_text()
        assert not theme.icon(drawing.stem).isNull()


def test_the_window_follows_the_choice_of_theme(clinic: Clinic) -> None:
    clinic.desk.settings.theme_changed.connect(clinic.theme.apply)
    clinic.sign_in()
    shown: dict[str, int] = {}
    for choice in (ThemeChoice.DARK, ThemeChoice.LIGHT):
        box = clinic.window.settings.theme
        box.setCurrentIndex(box.findData(choice.value))
        box.activated.emit(box.currentIndex())
        assert clinic.theme.name == choice.value
        assert clinic.settings.saved.theme is choice
        picture = clinic.window.grab().toImage()
        shown[choice.value] = picture.pixelColor(picture.width() - 4, 4).lightness()
    assert shown["dark"] < 60
    assert shown["light"] > 200


def test_every_severity_has_a_shape_of_its_own() -> None:
    drawn = set()
    for tone in Tone:
        image = QImage(28, 28, QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.white)
        painter = QPainter(image)
        paint_shape(painter, tone, QRectF(0, 0, 28, 28), QColor("black"))
        painter.end()
        drawn.add(bytes(image.constBits()))
    assert len(drawn) == len(Tone)


def test_controls_are_named_and_large_enough(clinic: Clinic) -> None:
    clinic.sign_in()
    clinic.open_new_patient()
    window = clinic.window
    for page in (window.patients, window.patient, window.settings):
        for button in page.findChildren(QAbstractButton):
            if button.objectName().startswith("qt_"):
                continue  # Qt's own, hidden with the row headings
            assert button.text() or button.accessibleName(), button
            assert button.toolTip() or button.text(), button
            assert button.sizeHint().height() >= TARGET or button.minimumHeight() >= TARGET, button
        for field in [*page.findChildren(QLineEdit), *page.findChildren(QComboBox)]:
            assert field.accessibleName() or isinstance(field.parent(), QComboBox), field


def test_research_use_is_always_in_sight(clinic: Clinic) -> None:
    clinic.sign_in()
    clinic.open_new_patient()
    assert clinic.window.status.research.isVisible()
    assert clinic.window.status.research.text() == "Research use, not a cleared device"


def test_the_view_fits_zooms_and_shows_pixels_untouched(qtbot: QtBot) -> None:
    view = PhotographView()
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    image = QImage(2000, 1500, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.darkRed)
    view.show_picture(image, is_drawing=True)
    fitted = view.zoom
    assert fitted == pytest.approx(0.2, abs=0.02)
    smooth = [view.is_smooth]
    view.actual_size()
    assert view.zoom == pytest.approx(1.0)
    smooth.append(view.is_smooth)
    assert smooth == [True, False]
    for _ in range(40):
        view.zoom_in()
    assert view.zoom <= 16.001
    for _ in range(80):
        view.zoom_out()
    assert view.zoom >= fitted / 2.1
    view.fit()
    view.resize(800, 600)
    assert view.zoom == pytest.approx(2 * fitted, rel=0.05)
    view.clear()
    view.zoom_in()
    assert not view.has_picture


@pytest.mark.parametrize(
    ("stem", "eye"),
    [
        ("visit_OD", Laterality.OD),
        ("20240312_left", Laterality.OS),
        ("IMG_R_001", Laterality.OD),
        ("os-2", Laterality.OS),
        ("L12", Laterality.OS),
        ("phantom_demo-003_grade3_os", Laterality.OS),
        ("IMG_0042", None),
        ("rosa_all", None),
        ("left_and_right", None),
        ("", None),
    ],
)
def test_the_file_name_proposes_the_eye(stem: str, eye: Laterality | None) -> None:
    assert proposed_eye(stem) is eye
