"""Settings of notices: whether, to which countries, when, and through what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import time
from typing import Any

from PySide6.QtCore import QTime, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QTimeEdit,
    QWidget,
)

from drscreen.domain.notice import NoticePolicy
from drscreen.domain.patient import Channel
from drscreen.domain.permissions import Action
from drscreen.qt import notice_wording
from drscreen.qt.controllers.notice_settings import NoticeSettingsController
from drscreen.qt.views.parts import (
    ErrorBar,
    choice,
    field_height,
    field_label,
    label,
    let_wheel_pass,
)
from drscreen.qt.views.people_cards import Card, allow
from drscreen.qt.views.theme import Theme
from drscreen.services.notice_settings import NotifierSettings

HOLD_MAX = 24 * 60
EXPIRE_MAX = 60
REMINDER_MAX = 730
NUMBER_WIDTH = 136


class NoticesCard(Card):
    """Each field is kept when it is left. Everybody may read it, an administrator change it."""

    def __init__(self, theme: Theme, settings: NoticeSettingsController) -> None:
        super().__init__(settings.tr("Notices"))
        self._settings = settings
        self._shown: NoticePolicy | None = None
        self.question: QMessageBox | None = None
        self.error = ErrorBar(theme)
        self.on = QCheckBox(self.tr("Tell patients who agreed to it"))
        self.region = _line(self.tr("The clinic's country"), self.tr("Such as BR"))
        self.no_region = label(
            self.tr(
                "No country is set: phone numbers that are written without + and a country's "
                "code cannot be read."
            ),
            "error",
            wraps=True,
        )
        self.regions = _line(self.tr("Further countries"), self.tr("Such as AR, UY"))
        self.phone = _line(self.tr("The clinic's phone"), self.tr("For patients to call back"))
        self.quiet_from = _time(self.tr("Quiet from"))
        self.quiet_until = _time(self.tr("Quiet until"))
        self.hold = _number(self.tr("A result waits"), 0, HOLD_MAX, self.tr(" minutes"))
        self.expire = _number(self.tr("Given up after"), 1, EXPIRE_MAX, self.tr(" days"))
        self.remind = _number(self.tr("Remind at most once in"), 1, REMINDER_MAX, self.tr(" days"))
        self.personal = QCheckBox(self.tr("Allow names and patient numbers in messages"))
        self.through = {channel: choice(self._through_text(channel)) for channel in Channel}
        self._lay_out()
        self._connect()
        self._on_session_changed()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(24)
        form.setVerticalSpacing(8)
        quiet = QHBoxLayout()
        quiet.setSpacing(12)
        for widget in (self.quiet_from, label(self.tr("until")), self.quiet_until):
            quiet.addWidget(widget)
        quiet.addWidget(label(self.tr("by the patient's clock"), "muted"), 1)
        rows: tuple[tuple[str, QWidget, QWidget | QHBoxLayout], ...] = (
            (self.tr("The clinic's country"), self.region, self.region),
            ("", self.no_region, self.no_region),
            (self.tr("Further countries"), self.regions, self.regions),
            (self.tr("The clinic's phone"), self.phone, self.phone),
            (self.tr("Quiet from"), self.quiet_from, quiet),
            (self.tr("A result waits"), self.hold, self.hold),
            (self.tr("Given up after"), self.expire, self.expire),
            (self.tr("Remind at most once in"), self.remind, self.remind),
        )
        for name, field, row in rows:
            form.addRow(field_label(name, field), row)
        for channel, box in self.through.items():
            let_wheel_pass(box)
            named = field_label(self._through_text(channel), box)
            form.addRow(named, box)
        self._form = form
        self.column.addWidget(self.error)
        self.column.addWidget(self.on)
        self.column.addLayout(form)
        self.column.addWidget(self.personal)

    def _connect(self) -> None:
        self.on.clicked.connect(self._on_switched)
        self.region.editingFinished.connect(self._on_region)
        self.regions.editingFinished.connect(self._on_regions)
        self.phone.editingFinished.connect(self._on_phone)
        for edit in (self.quiet_from, self.quiet_until):
            edit.editingFinished.connect(self._on_quiet)
        for spin in (self.hold, self.expire, self.remind):
            spin.editingFinished.connect(self._on_days)
        self.personal.clicked.connect(self._on_personal)
        for box in self.through.values():
            box.activated.connect(self._on_through)
        self._settings.session_changed.connect(self._on_session_changed)
        self._settings.policy_known.connect(self._on_policy_known)
        self._settings.policy_failed.connect(self.error.show_failure)
        self._settings.notifiers_known.connect(self._on_notifiers_known)

    def _through_text(self, channel: Channel) -> str:
        return self.tr("{0} goes through").format(notice_wording.channel_text(channel))

    @Slot()
    def _on_session_changed(self) -> None:
        self._shown = None
        self.error.clear()
        if self.question is not None:
            self.question.close()
            self.question = None
        self._show(NoticePolicy())
        self._shown = None
        self._on_notifiers_known(())
        allowed = self._settings.may_manage()
        for widget, tip in (
            (self.on, self.tr("Nothing is sent while this is off")),
            (self.region, self.tr("Two letters; numbers without + belong to it")),
            (self.regions, self.tr("Others that may be written to, two letters each")),
            (self.phone, self.tr("Stands in the messages")),
            (self.quiet_from, self.tr("Nothing is sent from then on; the same time twice: always")),
            (self.quiet_until, self.tr("Sending begins again then")),
            (self.hold, self.tr("So that the other eye and a retake come first")),
            (self.expire, self.tr("What could not be sent by then is not sent any more")),
            (self.remind, self.tr("A patient is not reminded of the same more often")),
            (self.personal, self.tr("Whoever picks up the telephone can read them")),
        ):
            allow(widget, allowed, tip, Action.MANAGE_CLINIC)

    @Slot(object)
    def _on_policy_known(self, policy: NoticePolicy) -> None:
        self.error.clear()
        self._show(policy)

    def _show(self, policy: NoticePolicy) -> None:
        """Only what changed is written: what somebody is typing elsewhere stays."""
        before, self._shown = self._shown, policy

        def show(name: str, write: Callable[[Any], object], value: object) -> None:
            if before is None or getattr(before, name) != getattr(policy, name):
                write(value)

        show("on", self.on.setChecked, policy.on)
        show("region", self.region.setText, policy.region)
        show("regions", self.regions.setText, ", ".join(sorted(policy.regions)))
        show("clinic_phone", self.phone.setText, policy.clinic_phone)
        show("quiet_from", self.quiet_from.setTime, _shown_time(policy.quiet_from))
        show("quiet_until", self.quiet_until.setTime, _shown_time(policy.quiet_until))
        show("hold_minutes", self.hold.setValue, policy.hold_minutes)
        show("expire_days", self.expire.setValue, policy.expire_days)
        show("reminder_days", self.remind.setValue, policy.reminder_days)
        self.personal.setChecked(policy.allow_personal)
        self._form.setRowVisible(self.no_region, not policy.region)
        for channel, box in self.through.items():
            box.setCurrentIndex(max(0, box.findData(policy.notifiers.get(channel, ""))))

    def _change(self, **changes: Any) -> None:
        if self._shown is not None and replace(self._shown, **changes) != self._shown:
            self._settings.change_policy(lambda policy: replace(policy, **changes))

    @Slot()
    def _on_switched(self) -> None:
        self._change(on=self.on.isChecked())

    @Slot()
    def _on_region(self) -> None:
        self._change(region=self.region.text().strip().upper())

    @Slot()
    def _on_regions(self) -> None:
        typed = self.regions.text().upper().replace(",", " ").split()
        self._change(regions=frozenset(typed))

    @Slot()
    def _on_phone(self) -> None:
        self._change(clinic_phone=self.phone.text().strip())

    @Slot()
    def _on_quiet(self) -> None:
        self._change(
            quiet_from=_kept_time(self.quiet_from.time()),
            quiet_until=_kept_time(self.quiet_until.time()),
        )

    @Slot()
    def _on_days(self) -> None:
        self._change(
            hold_minutes=self.hold.value(),
            expire_days=self.expire.value(),
            reminder_days=self.remind.value(),
        )

    @Slot()
    def _on_personal(self) -> None:
        if not self.personal.isChecked():
            self._change(allow_personal=False)
            return
        self.personal.setChecked(False)
        self.question = QMessageBox(self)
        self.question.setIcon(QMessageBox.Icon.Warning)
        self.question.setText(self.tr("Allow names and patient numbers in messages?"))
        self.question.setInformativeText(
            self.tr(
                "Whoever picks up the telephone or reads the mailbox then learns who was "
                "screened here. The messages stay as they are until you change their words; the "
                "audit log says that you allowed it."
            )
        )
        yes: QPushButton = self.question.addButton(
            self.tr("Allow names and numbers"), QMessageBox.ButtonRole.DestructiveRole
        )
        self.question.setDefaultButton(self.question.addButton(QMessageBox.StandardButton.Cancel))
        yes.clicked.connect(self._on_personal_allowed)
        self.question.open()

    @Slot()
    def _on_personal_allowed(self) -> None:
        self._change(allow_personal=True)

    @Slot()
    def _on_through(self) -> None:
        if self._shown is None:
            return
        chosen = {
            channel.value: box.currentData()
            for channel, box in self.through.items()
            if box.currentData()
        }
        self._change(notifiers=chosen)

    @Slot(object)
    def _on_notifiers_known(self, notifiers: Sequence[NotifierSettings]) -> None:
        usable = [one.found.info for one in notifiers if one.found.info and not one.found.problem]
        policy = self._shown or NoticePolicy()
        for channel, box in self.through.items():
            box.clear()
            box.addItem(self.tr("The first that is set up"), "")
            for info in usable:
                if info.channel == channel:
                    box.addItem(info.title, info.name)
            chosen = policy.notifiers.get(channel, "")
            if chosen and box.findData(chosen) < 0:
                # One that is chosen but cannot be used must not look like another.
                box.addItem(self.tr("{0} (cannot be used)").format(chosen), chosen)
            box.setCurrentIndex(max(0, box.findData(chosen)))
            self._form.setRowVisible(box, box.count() > 2 or bool(chosen))


def _line(name: str, hint: str) -> QLineEdit:
    made = QLineEdit()
    made.setAccessibleName(name)
    made.setPlaceholderText(hint)
    made.setMinimumHeight(field_height(made))
    return made


def _time(name: str) -> QTimeEdit:
    made = QTimeEdit()
    made.setDisplayFormat("HH:mm")
    made.setAccessibleName(name)
    made.lineEdit().setAccessibleName(name)
    made.setMinimumHeight(field_height(made))
    let_wheel_pass(made)
    return made


def _number(name: str, least: int, most: int, suffix: str) -> QSpinBox:
    made = QSpinBox()
    made.setRange(least, most)
    made.setSuffix(suffix)
    made.setKeyboardTracking(False)
    made.setAccessibleName(name)
    made.lineEdit().setAccessibleName(name)
    made.setMinimumHeight(field_height(made))
    made.setMinimumWidth(NUMBER_WIDTH)
    made.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    let_wheel_pass(made)
    return made


def _shown_time(moment: time) -> QTime:
    return QTime(moment.hour, moment.minute)


def _kept_time(moment: QTime) -> time:
    return time(moment.hour(), moment.minute())
