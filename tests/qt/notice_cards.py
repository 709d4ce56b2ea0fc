from __future__ import annotations

from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
)

from drscreen.qt.views.notifier_card import NotifierCard
from tests.fakes.notifiers import RIGHT
from tests.qt.clinic import WAIT, Clinic


def press(question: object, words: str) -> None:
    assert hasattr(question, "buttons")
    (found,) = (b for b in question.buttons() if b.text().replace("&", "") == words)
    assert isinstance(found, QPushButton)
    found.click()


def pigeon(clinic: Clinic) -> NotifierCard:
    card = clinic.window.notifiers.card("pigeon")
    assert card is not None
    return card


def set_up(clinic: Clinic) -> NotifierCard:
    card = pigeon(clinic)
    for key in ("account", "key"):
        field = card.fields[key].input
        line = field if isinstance(field, QLineEdit) else getattr(field, "edit")  # noqa: B009
        line.setFocus()
        QTest.keyClicks(line, RIGHT[key])
    card.save.click()
    clinic.settle()
    return card


def everything_shown(clinic: Clinic) -> str:
    """Every word that a widget of the window holds, tips and hidden ones too."""
    window = clinic.window
    words = [label.text() for label in window.findChildren(QLabel)]
    words += [edit.text() + edit.placeholderText() for edit in window.findChildren(QLineEdit)]
    words += [edit.toPlainText() for edit in window.findChildren(QPlainTextEdit)]
    words += [widget.toolTip() for widget in window.findChildren(QPushButton)]
    return "\n".join(words)


def preview_settled(clinic: Clinic) -> None:
    """What is typed has been previewed."""
    timer = clinic.window.words._timer
    clinic.qtbot.waitUntil(lambda: not timer.isActive(), timeout=WAIT)
    clinic.settle()


def write(clinic: Clinic, body: str) -> None:
    clinic.window.words.body.setPlainText(body)
    preview_settled(clinic)
