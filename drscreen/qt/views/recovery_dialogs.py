"""The recovery code: shown once, and typed when a password is forgotten."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QCheckBox, QDialog, QFormLayout, QHBoxLayout, QWidget

from drscreen.qt.controllers.session import Session, SessionController
from drscreen.qt.failure import Failure
from drscreen.qt.views.parts import (
    ErrorBar,
    PasswordField,
    button,
    dialog_column,
    dialog_foot,
    field_label,
    label,
)
from drscreen.qt.views.theme import Theme


class RecoveryCodeDialog(QDialog):
    """Cannot be left before somebody says that the code is written down."""

    def __init__(self, code: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Recovery code"))
        self.setMinimumWidth(520)
        self.code = label(code, "title")
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(1.5 * self.font().pointSizeF())
        self.code.setFont(font)
        self.code.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.code.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.code.setAccessibleName(self.tr("Recovery code: {0}").format(code))
        self.written = QCheckBox(self.tr("I have written it down"))
        self.go_on = button(self.tr("Go on"), "primary")
        self.go_on.setEnabled(False)
        self.written.toggled.connect(self.go_on.setEnabled)
        self.go_on.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addWidget(self.written, 1)
        foot.addWidget(self.go_on)
        column = dialog_column(self)
        column.setSpacing(16)
        column.addWidget(label(self.tr("Write this down and lock it away"), "heading", wraps=True))
        column.addWidget(
            label(
                self.tr(
                    "With this code a forgotten password is replaced. It is shown only now. "
                    "Whoever finds it can read all records: keep it off this desk, in a safe. "
                    "An earlier code does not work any more."
                ),
                "muted",
                wraps=True,
            )
        )
        column.addWidget(self.code)
        column.addLayout(foot)

    def reject(self) -> None:
        """Esc and the window's own button count only once it is written down."""
        if self.written.isChecked():
            super().reject()


class RecoverDialog(QDialog):
    """User name, recovery code and a new password; closes when the records are open."""

    def __init__(
        self, theme: Theme, session: SessionController, user: str, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._session = session
        self.setWindowTitle(self.tr("Forgotten password"))
        self.setMinimumWidth(520)
        self.error = ErrorBar(theme)
        self.user = PasswordField(theme, self.tr("User name"))
        self.user.show_button.setChecked(True)
        self.user.show_button.hide()
        self.code = PasswordField(theme, self.tr("Recovery code"))
        self.code.show_button.setChecked(True)
        self.secret = PasswordField(theme, self.tr("New password"))
        self.repeated = PasswordField(theme, self.tr("New password again"))
        form = QFormLayout()
        for field in (self.user, self.code, self.secret, self.repeated):
            form.addRow(field_label(field.edit.accessibleName(), field), field)
        self.action = button(self.tr("Open the records"), "primary", self.tr("Enter"))
        self.action.setDefault(True)
        self.action.clicked.connect(self._on_action)
        cancel = button(self.tr("Cancel"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        column = dialog_column(self)
        column.addWidget(
            label(
                self.tr("The code was shown when the records were made; it is on paper."),
                "muted",
                wraps=True,
            )
        )
        column.addWidget(self.error)
        column.addLayout(form)
        column.addLayout(dialog_foot(cancel, self.action))
        self.user.edit.setText(user)
        (self.code if user else self.user).setFocus()
        session.failed.connect(self._on_failed)
        session.signed_in.connect(self._on_signed_in)
        session.busy_changed.connect(self._on_busy_changed)

    @Slot()
    def _on_action(self) -> None:
        self.error.clear()
        self._session.recover(
            self.code.text(), self.user.text(), self.secret.text(), self.repeated.text()
        )

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self.error.show_failure(failure)

    @Slot(object)
    def _on_signed_in(self, _session: Session) -> None:
        self.accept()

    @Slot(bool)
    def _on_busy_changed(self, busy: bool) -> None:
        self.action.setEnabled(not busy)
