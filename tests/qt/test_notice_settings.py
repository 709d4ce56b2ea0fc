from __future__ import annotations

from datetime import time

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QLineEdit,
)
from pytestqt.qtbot import QtBot

from drscreen.domain.notice import NoticePolicy, Purpose
from drscreen.domain.patient import Channel
from drscreen.domain.permissions import Action
from drscreen.domain.users import Role, User
from drscreen.qt.views.theme import Theme
from tests.fakes.store import FakeStore
from tests.qt.clinic import PASSWORD, USER, WAIT, Clinic
from tests.qt.notice_cards import everything_shown, press, preview_settled, set_up, write


def policy_of(clinic: Clinic) -> NoticePolicy:
    session = clinic.desk.session.session
    assert session is not None
    with session.store.transaction(Action.EDIT_PATIENTS) as records:
        return records.notices.policy()


def type_in(clinic: Clinic, field: QLineEdit, text: str) -> None:
    field.clear()
    QTest.keyClicks(field, text)
    field.editingFinished.emit()
    clinic.settle()


def choose(clinic: Clinic, box: QComboBox, value: str) -> None:
    box.setCurrentIndex(box.findData(value))
    box.activated.emit(box.currentIndex())
    clinic.settle()


def test_policy_is_kept_field_by_field_and_delivery_hears_of_it(administrator: Clinic) -> None:
    card = administrator.window.notices
    assert card.no_region.isVisibleTo(card)
    heard: list[bool] = []
    administrator.desk.notice_settings.settings_changed.connect(lambda: heard.append(True))
    type_in(administrator, card.region, "br")
    assert not card.no_region.isVisibleTo(card)
    assert card.region.text() == "BR"
    type_in(administrator, card.regions, "ar, uy")
    type_in(administrator, card.phone, "11 5555 0100")
    card.quiet_from.setTime(card.quiet_from.time().addSecs(3600))
    card.quiet_from.editingFinished.emit()
    card.hold.setValue(25)
    card.hold.editingFinished.emit()
    card.on.click()
    administrator.settle()
    assert policy_of(administrator) == NoticePolicy(
        on=False,
        region="BR",
        regions=frozenset({"AR", "UY"}),
        clinic_phone="11 5555 0100",
        quiet_from=time(21, 0),
        hold_minutes=25,
    )
    assert len(heard) == 6


def test_country_that_cannot_be_is_said_and_nothing_typed_is_lost(administrator: Clinic) -> None:
    card = administrator.window.notices
    type_in(administrator, card.region, "Brazil")
    assert "two capital letters" in card.error.text
    assert policy_of(administrator).region == ""
    card.on.click()
    administrator.settle()
    assert card.region.text() == "Brazil"
    assert not policy_of(administrator).on


def test_scrolling_over_a_field_changes_nothing(administrator: Clinic) -> None:
    card, words = administrator.window.notices, administrator.window.words
    for field in (card.hold, card.quiet_from, words.purpose):
        turned = QWheelEvent(
            QPointF(5, 5),
            QPointF(5, 5),
            QPoint(0, 0),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(field, turned)
    assert card.hold.value() == 10
    assert card.quiet_from.time().hour() == 20
    assert words.purpose.currentIndex() == 0


def test_names_in_messages_need_a_yes(administrator: Clinic) -> None:
    card = administrator.window.notices
    card.personal.click()
    assert card.question is not None
    assert "picks up the telephone" in card.question.informativeText()
    press(card.question, "Cancel")
    administrator.settle()
    assert not card.personal.isChecked()
    assert not policy_of(administrator).allow_personal
    card.personal.click()
    press(card.question, "Allow names and numbers")
    administrator.settle()
    assert card.personal.isChecked()
    assert policy_of(administrator).allow_personal
    assert "{family_name}" in administrator.window.words.placeholders.text()


def test_preview_counts_what_an_sms_costs(administrator: Clinic) -> None:
    words = administrator.window.words
    preview_settled(administrator)
    assert "Hill Clinic" in words.shown.text()
    write(administrator, "a" * 160)
    assert words.cost.text() == "160 characters, GSM-7, 1 SMS"
    write(administrator, "आ" * 102)
    assert words.cost.text() == "102 characters, UCS-2, 2 SMS"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("Dear {patient}", "{patient} is not known"),
        ("{clinic", "brace has no partner"),
        ("a" * 2000, "2000 characters"),
        ("{family_name}, come", "administrator can allow it"),
        (" ", "empty"),
    ],
)
def test_words_that_cannot_be_sent_are_said_while_typing_and_not_kept(
    administrator: Clinic, body: str, sentence: str
) -> None:
    words = administrator.window.words
    write(administrator, body)
    assert sentence in words.wrong.text()
    assert words.cost.text() == ""
    words.save.click()
    administrator.settle()
    assert sentence in words.error.text
    assert words.body.toPlainText() == body
    assert words.save.isEnabled()


def test_own_words_are_kept_until_the_default_is_wanted_back(administrator: Clinic) -> None:
    words = administrator.window.words
    preview_settled(administrator)
    before = words.body.toPlainText()
    write(administrator, "{clinic}: come and see us.")
    words.save.click()
    administrator.settle()
    assert "Kept" in words.told.text()
    choose(administrator, words.channel, Channel.EMAIL)
    assert words.subject.isVisibleTo(words)
    choose(administrator, words.channel, Channel.SMS)
    assert words.body.toPlainText() == "{clinic}: come and see us."
    assert not words.subject.isVisibleTo(words)
    words.default.click()
    administrator.settle()
    assert words.body.toPlainText() == before


def test_language_without_words_says_whose_it_borrows(administrator: Clinic) -> None:
    words = administrator.window.words
    choose(administrator, words.language, "de")
    assert "Deutsch" in words.foreign.text()
    assert "English" in words.foreign.text()
    choose(administrator, words.language, "fr")
    assert words.foreign.text() == ""


def test_unsaved_words_are_asked_about(administrator: Clinic) -> None:
    words = administrator.window.words
    write(administrator, "Come and see us.")
    choose(administrator, words.purpose, Purpose.COME_BACK)
    press(words.question, "Go on editing")
    assert words.purpose.currentData() == Purpose.RESULT_READY
    assert words.body.toPlainText() == "Come and see us."
    choose(administrator, words.purpose, Purpose.COME_BACK)
    press(words.question, "Save")
    administrator.settle()
    assert words.purpose.currentData() == Purpose.COME_BACK
    assert words.body.toPlainText() != "Come and see us."
    write(administrator, "Never kept.")
    choose(administrator, words.purpose, Purpose.RESULT_READY)
    press(words.question, "Drop the changes")
    administrator.settle()
    assert words.body.toPlainText() == "Come and see us."


def test_words_that_cannot_be_kept_stay_when_others_were_wanted(administrator: Clinic) -> None:
    words = administrator.window.words
    write(administrator, "Dear {patient}")
    choose(administrator, words.purpose, Purpose.COME_BACK)
    press(words.question, "Save")
    administrator.settle()
    assert "{patient} is not known" in words.error.text
    assert words.purpose.currentData() == Purpose.RESULT_READY
    assert words.body.toPlainText() == "Dear {patient}"


def test_lock_forgets_what_is_typed_and_shown(administrator: Clinic) -> None:
    card = set_up(administrator)
    key = card.fields["key"].input
    QTest.keyClicks(getattr(key, "edit"), "typed and not kept")  # noqa: B009
    QTest.keyClicks(card.to, "+5511961234567")
    type_in(administrator, administrator.window.notices.phone, "11 5555 0100")
    write(administrator, "Words that were not kept.")
    with administrator.qtbot.waitSignal(administrator.desk.session.signed_out, timeout=WAIT):
        administrator.desk.session.sign_out()
    administrator.settle()
    shown = everything_shown(administrator)
    for words in ("typed and not kept", "5511961234567", "11 5555", "not kept.", "Pigeon"):
        assert words not in shown


def test_technician_reads_the_policy_and_changes_nothing(qtbot: QtBot, theme: Theme) -> None:
    store = FakeStore()
    store.create("Hill Clinic", "boss", "", Role.ADMINISTRATOR, PASSWORD)
    with store.open("boss", PASSWORD).transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(User(USER, Role.TECHNICIAN), PASSWORD)
        records.notices.set_policy(NoticePolicy(region="BR"))
    clinic = Clinic(qtbot, theme, store)
    clinic.sign_in()
    clinic.settle()
    card = clinic.window.notices
    assert card.region.text() == "BR"
    for widget in (card.on, card.region, card.regions, card.phone, card.hold, card.personal):
        assert not widget.isEnabled()
        assert "Administrator" in widget.toolTip()
    assert clinic.window.words.isHidden()
    assert clinic.window.notifiers.isHidden()
    assert not clinic.window.notifiers.cards
    clinic.close()
