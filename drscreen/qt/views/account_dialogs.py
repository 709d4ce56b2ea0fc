"""What is typed about an account: a new one, a new password."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QDialog, QFormLayout, QLineEdit, QWidget

from drscreen.domain.permissions import Action
from drscreen.domain.users import PASSWORD_MIN, Role, User
from drscreen.qt import wording
from drscreen.qt.controllers.staff import StaffController
from drscreen.qt.failure import Failure
from drscreen.qt.views.parts import (
    ErrorBar,
    PasswordField,
    button,
    choice,
    dialog_column,
    dialog_foot,
    field_label,
    label,
)
from drscreen.qt.views.theme import Theme


class _StaffDialog(QDialog):
    """Stays open with everything typed until it is done."""

    finished_well = Signal()

    def __init__(
        self, theme: Theme, staff: StaffController, title: str, action: str, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._staff = staff
        self.setWindowTitle(title)
        self.setMinimumWidth(460)
        self.error = ErrorBar(theme)
        self.fields = QFormLayout()
        self.fields.setVerticalSpacing(8)
        self.action = button(action, "primary", self.tr("Enter"))
        self.action.setDefault(True)
        self.action.clicked.connect(self._on_action)
        cancel = button(self.tr("Cancel"), "plain", self.tr("Esc"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        column = dialog_column(self)
        column.addWidget(self.error)
        column.addLayout(self.fields)
        column.addLayout(dialog_foot(cancel, self.action))
        staff.failed.connect(self._on_failed)
        staff.done.connect(self._on_done)
        staff.busy_changed.connect(self._on_busy_changed)

    def secret(self, name: str) -> PasswordField:
        """A password field with its label."""
        made = PasswordField(self._theme, name)
        made.edit.setPlaceholderText(self.tr("At least {0} characters").format(PASSWORD_MIN))
        self.fields.addRow(field_label(name, made), made)
        return made

    def ask(self) -> None:
        """Ask the controller; a failure is shown in here."""
        raise NotImplementedError

    @Slot()
    def _on_action(self) -> None:
        self.error.clear()
        self.ask()

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self.error.show_failure(failure)

    @Slot(str)
    def _on_done(self, _words: str) -> None:
        self.accept()

    @Slot(bool)
    def _on_busy_changed(self, busy: bool) -> None:
        self.action.setEnabled(not busy)


class AddAccountDialog(_StaffDialog):
    """A new colleague."""

    def __init__(self, theme: Theme, staff: StaffController, parent: QWidget) -> None:
        super().__init__(theme, staff, staff.tr("New account"), staff.tr("Add"), parent)
        self.user = QLineEdit()
        self.display_name = QLineEdit()
        self.role = choice(self.tr("Role"))
        for role in Role:
            self.role.addItem(wording.role_text(role), role.value)
        for name, field in (
            (self.tr("User name"), self.user),
            (self.tr("Name"), self.display_name),
            (self.tr("Role"), self.role),
        ):
            field.setAccessibleName(name)
            self.fields.addRow(field_label(name, field), field)
        self.new = self.secret(self.tr("First password"))
        self.again = self.secret(self.tr("Password again"))
        self.user.setFocus()

    def ask(self) -> None:
        """Add the account."""
        user = User(self.user.text(), Role(self.role.currentData()), self.display_name.text())
        self._staff.add(user, self.new.text(), self.again.text())


class PasswordDialog(_StaffDialog):
    """One's own password, which needs the current one; or somebody else's."""

    def __init__(
        self, theme: Theme, staff: StaffController, parent: QWidget, name: str = ""
    ) -> None:
        title = staff.tr("New password for {0}").format(name) if name else ""
        super().__init__(
            theme, staff, title or staff.tr("Change your password"), staff.tr("Change"), parent
        )
        self._name = name
        if not name:
            self.current = self.secret(self.tr("Current password"))
            self.current.edit.setPlaceholderText("")
        self.new = self.secret(self.tr("New password"))
        self.again = self.secret(self.tr("New password again"))
        (self.new if name else self.current).setFocus()

    def ask(self) -> None:
        """Change the password."""
        if self._name:
            self._staff.set_password(self._name, self.new.text(), self.again.text())
        else:
            self._staff.change_own_password(self.current.text(), self.new.text(), self.again.text())


class ReentryDialog(QDialog):
    """One's own password once more, before something dangerous is done; closes when it was right
    or when somebody thinks better of it.
    """

    def __init__(
        self, theme: Theme, staff: StaffController, action: Action, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._staff = staff
        self.setWindowTitle(self.tr("Your password"))
        self.setMinimumWidth(420)
        self.error = ErrorBar(theme)
        self.password = PasswordField(theme, self.tr("Your password"))
        self.action = button(self.tr("Go on"), "primary", self.tr("Enter"))
        self.action.setDefault(True)
        self.action.clicked.connect(self._on_action)
        cancel = button(self.tr("Cancel"), "plain", self.tr("Esc"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        fields = QFormLayout()
        fields.addRow(field_label(self.tr("Your password"), self.password), self.password)
        column = dialog_column(self)
        column.addWidget(label(wording.reentry_text(action), wraps=True))
        column.addWidget(self.error)
        column.addLayout(fields)
        column.addLayout(dialog_foot(cancel, self.action))
        self.password.setFocus()
        staff.password_taken.connect(self.accept)
        staff.password_refused.connect(self._on_refused)
        staff.session_changed.connect(self.reject)
        staff.busy_changed.connect(self._on_busy_changed)
        self.rejected.connect(staff.keep_from_it)

    @Slot()
    def _on_action(self) -> None:
        self.error.clear()
        self._staff.type_password(self.password.text())

    @Slot(object)
    def _on_refused(self, failure: Failure) -> None:
        self.error.show_failure(failure)
        self.password.edit.selectAll()
        self.password.setFocus()

    @Slot(bool)
    def _on_busy_changed(self, busy: bool) -> None:
        self.action.setEnabled(not busy)
