from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLineEdit,
)

from drscreen.domain.notifier import Receipt, ReceiptState
from drscreen.domain.permissions import Action
from drscreen.qt.views.choice_card import ChoiceCard
from drscreen.qt.views.notifier_card import BrokenCard, NotifierCard
from tests.fakes.notifiers import BROKEN, HERON, OFFER, RIGHT
from tests.qt.clinic import Clinic
from tests.qt.notice_cards import everything_shown, pigeon, press, set_up, write


def settings_of(clinic: Clinic, name: str) -> dict[str, str]:
    session = clinic.desk.session.session
    assert session is not None
    with session.store.transaction(Action.EDIT_PATIENTS) as records:
        return dict(records.notices.notifier_settings(name))


def test_settings_are_drawn_from_the_schema_and_kept(administrator: Clinic) -> None:
    card = pigeon(administrator)
    assert card.state.text() == "Not set up yet."
    assert card.fields["speed"].value == "slow"
    assert card.fields["seconds"].value == "10"
    assert card.fields["account"].help.text() == "Who pays."
    assert not card.test.isEnabled()
    seconds = card.fields["seconds"].input
    assert isinstance(seconds, QLineEdit)
    QTest.keyClicks(seconds, "x5")
    urgent = card.fields["urgent"].input
    assert isinstance(urgent, QCheckBox)
    urgent.click()
    card.save.click()
    administrator.settle()
    assert card.fields["account"].problem.text() == "Account is missing."
    assert card.fields["key"].problem.text() == "Secret key is missing."
    assert "nothing can go out" in card.state.text()
    set_up(administrator)
    assert card.fields["account"].problem.text() == ""
    assert "Set up" in card.state.text()
    kept = settings_of(administrator, "pigeon")
    assert kept["seconds"] == "105"
    assert kept["urgent"] == "yes"
    assert kept["key"] == RIGHT["key"]


def test_secret_is_in_no_widget_once_it_is_kept(administrator: Clinic) -> None:
    card = set_up(administrator)
    assert RIGHT["key"] not in everything_shown(administrator)
    assert "leave empty to keep it" in everything_shown(administrator)
    account = card.fields["account"].input
    assert isinstance(account, QLineEdit)
    QTest.keyClicks(account, "23")
    card.save.click()
    administrator.settle()
    assert settings_of(administrator, "pigeon")["key"] == RIGHT["key"]
    assert settings_of(administrator, "pigeon")["account"] == "A123"


def test_what_is_typed_while_it_is_being_kept_is_not_lost(administrator: Clinic) -> None:
    card, words = pigeon(administrator), administrator.window.words
    account = card.fields["account"].input
    assert isinstance(account, QLineEdit)
    QTest.keyClicks(account, "A1")
    card.save.click()
    QTest.keyClicks(account, "23")
    write(administrator, "Come and see us.")
    words.save.click()
    words.body.appendPlainText("Bring your glasses.")
    administrator.settle()
    assert account.text() == "A123"
    assert card.save.isEnabled()
    assert settings_of(administrator, "pigeon")["account"] == "A1"
    assert words.body.toPlainText().endswith("glasses.")
    assert words.save.isEnabled()


def test_forgetting_names_the_notifier_and_asks(administrator: Clinic) -> None:
    card = set_up(administrator)
    card.forget_button.click()
    assert card.question is not None
    assert "Pigeon post" in card.question.text()
    press(card.question, "Cancel")
    administrator.settle()
    assert settings_of(administrator, "pigeon")
    card.forget_button.click()
    press(card.question, "Forget Pigeon post")
    administrator.settle()
    assert settings_of(administrator, "pigeon") == {}
    assert card.state.text() == "Not set up yet."
    assert card.fields["account"].value == ""
    assert card.fields["seconds"].value == "10"
    speed = card.fields["speed"].input
    assert isinstance(speed, QComboBox)
    assert [speed.itemText(row) for row in range(speed.count())] == ["slow", "fast"]


@pytest.mark.parametrize(
    ("receipt", "sentence"),
    [
        (Receipt(ReceiptState.ACCEPTED, "r-1"), "has accepted it"),
        (Receipt(ReceiptState.DELIVERED, "r-1"), "was delivered"),
        (Receipt(ReceiptState.REFUSED, sentence="No such number."), "refused it. No such number."),
        (Receipt(ReceiptState.DEFERRED, offline=True), "No connection"),
        (Receipt(ReceiptState.DEFERRED, misconfigured=True), "refuses these settings"),
        (Receipt(ReceiptState.DEFERRED, retry_after=timedelta(minutes=1)), "try again later"),
        (Receipt(ReceiptState.UNKNOWN), "Nobody can say"),
    ],
)
def test_answer_to_a_test_is_said(administrator: Clinic, receipt: Receipt, sentence: str) -> None:
    administrator.notifiers.answer = lambda _message: receipt
    card = set_up(administrator)
    QTest.keyClicks(card.to, "+55 11 96123 4567")
    card.test.click()
    administrator.settle()
    assert sentence in card.answer.text()
    assert [message.to for message in administrator.notifiers.sent] == ["+5511961234567"]
    assert card.test.isEnabled()


def test_address_that_cannot_exist_gets_no_test(administrator: Clinic) -> None:
    card = set_up(administrator)
    QTest.keyClicks(card.to, "12")
    card.test.click()
    administrator.settle()
    assert card.answer.text()
    assert card.answer.property("role") == "error"
    assert not administrator.notifiers.sent


def test_broken_notifier_gets_a_card_with_its_reason_alone(clinic: Clinic) -> None:
    clinic.notifiers.installed.append(BROKEN)
    clinic.sign_in()
    clinic.settle()
    cards = list(clinic.window.notifiers.cards.values())
    (broken,) = (card for card in cards if isinstance(card, BrokenCard))
    assert broken.reason.text() == BROKEN.problem
    assert not broken.findChildren(QLineEdit)
    assert len(cards) == 3


def test_without_notifiers_it_is_said_how_to_get_one(clinic: Clinic) -> None:
    clinic.notifiers.installed.clear()
    clinic.sign_in()
    clinic.settle()
    assert clinic.window.notifiers.none.isVisibleTo(clinic.window.notifiers)
    assert "drscreen-notify-twilio" in everything_shown(clinic)


def heron_card(clinic: Clinic) -> NotifierCard | ChoiceCard:
    (card,) = (
        card
        for card in clinic.window.notifiers.cards.values()
        if card.found.package == OFFER.package
    )
    assert isinstance(card, NotifierCard | ChoiceCard)
    return card


@pytest.fixture
def heron(administrator: Clinic) -> Clinic:
    administrator.notifiers.installed.append(HERON)
    administrator.desk.notice_settings.list_notifiers()
    administrator.settle()
    return administrator


def test_a_notifier_runs_once_it_is_chosen_and_no_more_when_that_is_revoked(heron: Clinic) -> None:
    card = heron_card(heron)
    assert isinstance(card, ChoiceCard)
    assert "chosen it yet" in card.reason.text()
    assert f"{OFFER.package} 2.1, files {'5e' * 6}" in card.files.text()
    card.choose.click()
    assert card.question is not None
    assert "5e5e5e5e 5e5e5e5e" in card.question.informativeText()
    press(card.question, "Choose it")
    heron.settle()
    chosen = heron_card(heron)
    assert isinstance(chosen, NotifierCard)
    assert chosen.chosen is not None
    assert "Chosen by ada" in chosen.chosen.words.text()
    chosen.chosen.revoke.click()
    press(chosen.chosen.question, "Revoke")
    heron.settle()
    assert isinstance(heron_card(heron), ChoiceCard)


def test_a_notifier_that_changed_says_who_chose_it_before(heron: Clinic) -> None:
    card = heron_card(heron)
    assert isinstance(card, ChoiceCard)
    card.choose.click()
    press(card.question, "Choose it")
    heron.settle()
    changed = replace(HERON, offer=replace(OFFER, digest="77" * 32))
    heron.notifiers.installed[-1] = changed
    heron.desk.notice_settings.list_notifiers()
    heron.settle()
    again = heron_card(heron)
    assert isinstance(again, ChoiceCard)
    assert "changed since ada chose it" in again.reason.text()
    # What changes between the look and the choice is not chosen.
    heron.notifiers.installed[-1] = replace(HERON, offer=replace(OFFER, digest="99" * 32))
    again.choose.click()
    press(again.question, "Choose it")
    heron.settle()
    assert "just changed" in everything_shown(heron)
    assert isinstance(heron_card(heron), ChoiceCard)
