"""The one window. It knows which page comes when, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QKeySequence, QPaintEvent, QShortcut
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from drscreen.domain.patient import Patient
from drscreen.domain.unclean_end import ProgramKind, UncleanEnd
from drscreen.qt import wording
from drscreen.qt.controllers.departure import Departure
from drscreen.qt.controllers.desk import Desk
from drscreen.qt.controllers.session import Session
from drscreen.qt.failure import Failure
from drscreen.qt.views.backup_card import BackupCard
from drscreen.qt.views.entry import FirstStartPage, OpeningPage, SignInPage
from drscreen.qt.views.lock_keeper import Kept
from drscreen.qt.views.notice_words_card import NoticeWordsCard
from drscreen.qt.views.notices_card import NoticesCard
from drscreen.qt.views.notifier_cards import NotifierCards
from drscreen.qt.views.outbox_page import OutboxPage
from drscreen.qt.views.parts import ErrorBar, label
from drscreen.qt.views.patient_form import PatientForm
from drscreen.qt.views.patient_page import PatientPage
from drscreen.qt.views.patients_page import PatientsPage
from drscreen.qt.views.people_cards import AccountsCard, AuditCard, LockCard
from drscreen.qt.views.question import Question, QuestionWords
from drscreen.qt.views.recovery_dialogs import RecoverDialog, RecoveryCodeDialog
from drscreen.qt.views.settings_page import SettingsPage
from drscreen.qt.views.shell import Shell
from drscreen.qt.views.status_bar import StatusBar
from drscreen.qt.views.theme import Theme


class MainWindow(QMainWindow):
    """Opening, first start or sign-in, then the shell with its pages."""

    first_painted = Signal()

    def __init__(self, theme: Theme, desk: Desk, banner: str = "") -> None:
        """`banner` is shown on top of every page (the demonstration clinic)."""
        super().__init__()
        self._theme = theme
        self._desk = desk
        self._painted = False
        self._may_close = False
        self.form: PatientForm | None = None
        self._kept: Kept | None = None
        self.code_dialog: RecoveryCodeDialog | None = None
        self.recover_dialog: RecoverDialog | None = None
        self.question: Question | None = None
        self.setWindowTitle(self.tr("drscreen"))
        self.setMinimumSize(1024, 640)
        self.resize(1280, 720)
        self.opening = OpeningPage(theme)
        self.first_start = FirstStartPage(theme, desk.session)
        self.sign_in = SignInPage(theme, desk.session)
        self.shell = Shell(theme)
        self.patients = PatientsPage(theme, desk.table, desk.patients, desk.screening)
        self.patient = PatientPage(theme, desk.patients, desk.screening, desk.pictures, desk.outbox)
        self.outbox = OutboxPage(theme, desk.outbox)
        self.settings = SettingsPage(theme, desk.settings, desk.screening, self._settings_cards())
        self._patients_place = self.shell.add_page(self.patients, self.tr("Patients"), "patients")
        self._patient_place = self.shell.add_page(self.patient)
        self._outbox_place = self.shell.add_page(self.outbox, self.tr("Outbox"), "outbox")
        self._settings_place = self.shell.add_page(self.settings, self.tr("Settings"), "settings")
        self.status = StatusBar(theme, desk.screening, desk.backup, desk.outbox)
        self.setStatusBar(self.status)
        self._stack = QStackedWidget()
        for page in (self.opening, self.first_start, self.sign_in, self.shell):
            self._stack.addWidget(page)
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        if banner:
            shown = label(banner)
            shown.setObjectName("demonstration")
            shown.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(shown)
        self.ended = ErrorBar(theme)
        column.addWidget(self.ended)
        self.alarm = ErrorBar(theme)
        column.addWidget(self.alarm)
        column.addWidget(self._stack, 1)
        self.setCentralWidget(middle)
        self._connect()

    def _settings_cards(self) -> tuple[QWidget, ...]:
        theme, desk = self._theme, self._desk
        self.accounts = AccountsCard(theme, desk.staff)
        self.lock_card = LockCard(desk.staff)
        self.audit = AuditCard(desk.staff)
        self.backup = BackupCard(desk.backup)
        self.notices = NoticesCard(theme, desk.notice_settings)
        self.words = NoticeWordsCard(theme, desk.notice_settings)
        self.notifiers = NotifierCards(theme, desk.notice_settings)
        notices = (self.notices, self.words, self.notifiers)
        return (self.accounts, self.lock_card, self.backup, *notices, self.audit)

    def _connect(self) -> None:
        session, departure = self._desk.session, self._desk.departure
        session.first_start_needed.connect(self._on_first_start_needed)
        session.sign_in_needed.connect(self._on_sign_in_needed)
        session.signed_in.connect(self._on_signed_in)
        session.signed_out.connect(self._on_signed_out)
        session.failed.connect(self._on_session_failed)
        session.busy_changed.connect(self.first_start.on_busy_changed)
        session.busy_changed.connect(self.sign_in.on_busy_changed)
        departure.lock_began.connect(self._on_lock_began)
        departure.confirmation_needed.connect(self._on_confirmation_needed)
        departure.quit_allowed.connect(self._on_quit_allowed)
        self.status.lock_wanted.connect(self._on_lock_wanted)
        self.sign_in.recover_wanted.connect(self._on_recover_wanted)
        self._desk.staff.code_made.connect(self._on_code_made)
        self.shell.page_wanted.connect(self._on_page_wanted)
        self.patients.patient_chosen.connect(self.open_patient)
        self.patients.new_wanted.connect(self._on_new_wanted)
        self.patient.closed.connect(self._on_patient_closed)
        self.outbox.patient_chosen.connect(self.open_patient)
        self.patient.edit_wanted.connect(self._on_edit_wanted)
        QShortcut(QKeySequence("Ctrl+L"), self).activated.connect(self._on_lock_wanted)
        QShortcut(QKeySequence("Ctrl+Q"), self).activated.connect(self.close)

    def tell_unclean_ends(self, ends: Sequence[UncleanEnd]) -> None:
        """Say that the program ended as nobody wished, and what was kept; nothing where it did not.

        It stays, on every page, until it is dismissed.
        """
        if any(end.kind is ProgramKind.WINDOW for end in ends):
            self.ended.show_failure(Failure("ended_unexpectedly", *wording.unclean_end_texts(ends)))

    @Slot(str)
    def open_patient(self, mrn: str) -> None:
        """Bring a patient's page to the front."""
        self.patient.open(mrn)
        self.shell.show_page(self._patient_place, under=self._patients_place)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The first one is announced: only then may anything slow begin."""
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            self.first_painted.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask first while photographs are being screened."""
        if self._may_close or not self._desk.screening.is_busy:
            event.accept()
            return
        event.ignore()
        self._desk.departure.want(Departure.QUIT)

    def _show_form(self, patient: Patient | None) -> None:
        self.form = PatientForm(self._theme, self._desk.patients, patient, self)
        if patient is None:
            self.form.saved.connect(self._on_new_saved)
        self.form.finished.connect(self._on_form_finished)
        self.form.open()

    @Slot()
    def _on_first_start_needed(self) -> None:
        self._stack.setCurrentWidget(self.first_start)
        self.first_start.clinic.setFocus()

    @Slot()
    def _on_sign_in_needed(self) -> None:
        self._stack.setCurrentWidget(self.sign_in)
        self.sign_in.prepare()

    @Slot(object)
    def _on_signed_in(self, session: Session) -> None:
        self.status.show_user(session.store.user)
        self.setWindowTitle(self.tr("{0} – drscreen").format(session.store.clinic))
        self._stack.setCurrentWidget(self.shell)
        self._desk.settings.list_networks()
        self.sign_in.let_in()
        self._tell_alarms(session)
        kept, self._kept = self._kept, None
        if kept is not None and kept.user == session.store.user.name:
            self._restore(kept)
            return
        if kept is not None:
            kept.drop()
        self.shell.show_page(self._patients_place)
        self.patients.search_now()
        self.patients.search.setFocus()
        if session.recovery_code:
            self._on_code_made(session.recovery_code)

    def _restore(self, kept: Kept) -> None:
        """The same person is back: everything is as it was left."""
        self.patients.search.setText(kept.search)
        self.patients.search_now()
        if kept.mrn and kept.place == self._patient_place:
            self.open_patient(kept.mrn)
        else:
            self.shell.show_page(kept.place)
        if kept.form is not None:
            kept.form.come_back()

    def _tell_alarms(self, session: Session) -> None:
        """What is wrong with the records is said on every page until it was looked into."""
        if session.store.alarms:
            codes = [alarm.details.get("alarm", "") for alarm in session.store.alarms]
            self.alarm.show_failure(Failure("alarm", *wording.alarm_texts(codes)))
        else:
            self.alarm.clear()

    @Slot()
    def _on_signed_out(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self.patient.forget()
        self.patients.forget()
        self.outbox.forget()
        self.alarm.clear()
        self.status.show_user(None)
        self.setWindowTitle(self.tr("drscreen"))

    @Slot()
    def _on_lock_began(self) -> None:
        """Blank at once, whatever is at work; the records are closed behind it."""
        session = self._desk.session.session
        if session is None:
            return
        place = self.shell.pages.currentIndex()
        search = self.patients.search.text()
        user = session.store.user.name
        self._kept = Kept(user, place, self.patient.mrn, search, self.form)
        self._kept.blank()
        self._forget()
        self.sign_in.wait(user)
        self._stack.setCurrentWidget(self.sign_in)

    @Slot()
    def _on_recover_wanted(self) -> None:
        self.recover_dialog = RecoverDialog(
            self._theme, self._desk.session, self.sign_in.user.text(), self
        )
        self.recover_dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.recover_dialog.open()

    @Slot(str)
    def _on_code_made(self, code: str) -> None:
        self.code_dialog = RecoveryCodeDialog(code, self)
        self.code_dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.code_dialog.open()

    @Slot(object)
    def _on_session_failed(self, failure: Failure) -> None:
        page = self._stack.currentWidget()
        if isinstance(page, FirstStartPage | SignInPage):
            page.on_failed(failure)
        else:
            self.opening.error.show_failure(failure)

    @Slot()
    def _on_lock_wanted(self) -> None:
        self._desk.departure.want(Departure.LOCK)

    @Slot(object)
    def _on_confirmation_needed(self, _departure: Departure) -> None:
        words = QuestionWords(
            self.tr("Photographs are being screened"),
            self.tr("Photographs are still being screened."),
            self.tr(
                "What is recorded is kept. The photographs that are left are not screened, and "
                "must be added again."
            ),
            do=self.tr("Cancel them and close"),
            leave=self.tr("Go on screening"),
        )
        self.question = Question(words, self)
        self.question.confirmed.connect(self._desk.departure.confirm)
        self.question.open()

    @Slot()
    def _on_quit_allowed(self) -> None:
        self._may_close = True
        self.close()

    @Slot(int)
    def _on_page_wanted(self, place: int) -> None:
        self.shell.show_page(place)

    @Slot()
    def _on_patient_closed(self) -> None:
        self.shell.show_page(self._patients_place)
        self.patients.table.setFocus()

    @Slot()
    def _on_new_wanted(self) -> None:
        self._show_form(None)

    @Slot(object)
    def _on_edit_wanted(self, patient: Patient) -> None:
        self._show_form(patient)

    @Slot(object)
    def _on_new_saved(self, patient: Patient) -> None:
        self.open_patient(patient.mrn)

    @Slot(int)
    def _on_form_finished(self, _result: int) -> None:
        if self.form is not None:
            self.form.deleteLater()
        self.form = None
