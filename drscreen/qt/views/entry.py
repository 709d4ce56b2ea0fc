"""Before the records: opening, first start, sign-in."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from drscreen.domain.users import PASSWORD_MIN
from drscreen.qt.controllers.session import NewClinic, SessionController
from drscreen.qt.failure import Failure
from drscreen.qt.views.parts import (
    ErrorBar,
    PasswordField,
    button,
    field_height,
    field_label,
    label,
)
from drscreen.qt.views.theme import Theme

CARD_WIDTH = 520


class OpeningPage(QWidget):
    """Shown for the moment until it is known whether there is a store."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("entry")
        self.error = ErrorBar(theme)
        self.error.setMaximumWidth(CARD_WIDTH)
        column = QVBoxLayout(self)
        column.addStretch()
        column.addWidget(label("drscreen", "title"), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(
            label(self.tr("Opening the records…"), "muted"), 0, Qt.AlignmentFlag.AlignHCenter
        )
        column.addWidget(self.error, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch()


class EntryPage(QWidget):
    """A card with fields, an error line, a busy line and one primary action."""

    def __init__(self, theme: Theme, title: str, explanation: str, action: str) -> None:
        super().__init__()
        self.setObjectName("entry")
        self.error = ErrorBar(theme)
        self.fields = QFormLayout()
        self.fields.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.fields.setVerticalSpacing(8)
        self.fields.setHorizontalSpacing(16)
        self.caps = label(self.tr("Caps Lock seems to be on."), "error")
        self.caps.hide()
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.hide()
        self.busy_text = label(self.tr("Unlocking the records…"), "muted")
        self.busy_text.hide()
        self.action: QPushButton = button(action, "primary", self.tr("Enter"))
        self.action.setDefault(True)
        card = QFrame()
        card.setObjectName("card")
        card.setFixedWidth(max(CARD_WIDTH, 72 * card.fontMetrics().averageCharWidth()))
        inside = QVBoxLayout(card)
        inside.setContentsMargins(32, 24, 32, 24)
        inside.setSpacing(12)
        inside.addWidget(label(title, "title", wraps=True))
        self.explanation: QLabel = label(explanation, "muted", wraps=True)
        inside.addWidget(self.explanation)
        inside.addWidget(self.error)
        inside.addLayout(self.fields)
        inside.addWidget(self.caps)
        self.foot = QHBoxLayout()
        self.foot.addWidget(self.busy_text)
        self.foot.addStretch()
        self.foot.addWidget(self.action)
        inside.addLayout(self.foot)
        inside.addWidget(self.busy)
        middle = QWidget()
        middle.setObjectName("entry")
        column = QVBoxLayout(middle)
        column.addStretch(2)
        column.addWidget(card, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(middle)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        outside = QVBoxLayout(self)
        outside.setContentsMargins(0, 0, 0, 0)
        outside.addWidget(scroll)

    @Slot(bool)
    def on_busy_changed(self, busy: bool) -> None:
        """Nothing can be sent twice; what is typed stays."""
        if busy:
            self.error.clear()
        self.busy.setVisible(busy)
        self.busy_text.setVisible(busy)
        self.action.setEnabled(not busy)

    @Slot(object)
    def on_failed(self, failure: Failure) -> None:
        """Say what is wrong beside the fields."""
        self.error.show_failure(failure)

    def line(self, name: str, placeholder: str = "") -> QLineEdit:
        """A field with its label."""
        edit = QLineEdit()
        edit.setAccessibleName(name)
        edit.setPlaceholderText(placeholder)
        edit.returnPressed.connect(self.action.click)
        edit.setMinimumHeight(field_height(edit))
        self.fields.addRow(field_label(name, edit), edit)
        return edit

    def password(self, theme: Theme, name: str) -> PasswordField:
        """A password field with its label."""
        made = PasswordField(theme, name)
        made.submitted.connect(self.action.click)
        made.caps_lock_noticed.connect(self.caps.setVisible)
        self.fields.addRow(field_label(name, made), made)
        return made


class SignInPage(EntryPage):
    """User name and password; also what is shown while the workstation is locked."""

    recover_wanted = Signal()

    def __init__(self, theme: Theme, session: SessionController) -> None:
        super().__init__(
            theme,
            self.tr("Sign in"),
            self.tr("The records are encrypted; your password opens them."),
            self.tr("Sign in"),
        )
        self._session = session
        self.user = self.line(self.tr("User name"))
        self.secret = self.password(theme, self.tr("Password"))
        self._unlocking = self.busy_text.text()
        self.forgotten = button(
            self.tr("Forgotten password…"), "quiet", self.tr("Use the recovery code")
        )
        self.forgotten.setAutoDefault(False)
        self.forgotten.clicked.connect(self.recover_wanted)
        self.foot.insertWidget(0, self.forgotten)
        self._explained = ""
        self.action.clicked.connect(self._on_action)

    def wait(self, user: str) -> None:
        """Locked by `user`; nobody can sign in before what is at work has ended."""
        self.user.setText(user)
        self.secret.edit.clear()
        self.error.clear()
        self.on_busy_changed(True)
        self.busy_text.setText(self.tr("Closing the records…"))
        self._explained = self.explanation.text()
        locked = self.tr("Locked. What was open waits for {0}; somebody else begins afresh.")
        self.explanation.setText(f"{locked.format(user)} {self._explained}")

    def let_in(self) -> None:
        """Somebody has signed in: nothing waits any more."""
        if self._explained:
            self.explanation.setText(self._explained)
            self._explained = ""

    def prepare(self) -> None:
        """A fresh start for the next person: the password is gone, the name stays."""
        self.on_busy_changed(False)
        self.busy_text.setText(self._unlocking)
        self.secret.edit.clear()
        self.error.clear()
        self.caps.hide()
        (self.secret if self.user.text() else self.user).setFocus()

    @Slot(object)
    def on_failed(self, failure: Failure) -> None:
        """Nothing typed is lost; the password is selected, so that typing replaces it."""
        super().on_failed(failure)
        self.secret.edit.selectAll()
        self.secret.setFocus()

    @Slot()
    def _on_action(self) -> None:
        self._session.sign_in(self.user.text(), self.secret.text())


class FirstStartPage(EntryPage):
    """Clinic and administrator."""

    def __init__(self, theme: Theme, session: SessionController) -> None:
        super().__init__(
            theme,
            self.tr("Set up this workstation"),
            self.tr(
                "The records stay on this machine, encrypted. Your password opens them; a recovery "
                "code, shown next, replaces it if it is forgotten. Without both nobody can read "
                "the records again."
            ),
            self.tr("Make the records"),
        )
        self._session = session
        self.clinic = self.line(self.tr("Clinic"), self.tr("Name of the clinic"))
        self.display_name = self.line(self.tr("Your name"), self.tr("As colleagues know you"))
        self.user = self.line(self.tr("User name"), self.tr("What you type to sign in"))
        self.secret = self.password(theme, self.tr("Password"))
        self.secret.edit.setPlaceholderText(self.tr("At least {0} characters").format(PASSWORD_MIN))
        self.repeated = self.password(theme, self.tr("Password again"))
        self.action.clicked.connect(self._on_action)

    @Slot()
    def _on_action(self) -> None:
        self._session.create_clinic(
            NewClinic(
                self.clinic.text(),
                self.display_name.text(),
                self.user.text(),
                self.secret.text(),
                self.repeated.text(),
            )
        )
