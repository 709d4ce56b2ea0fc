"""Settings about people: accounts and passwords, when the window locks, the audit log."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QMessageBox,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from drscreen.domain.audit import AuditReport
from drscreen.domain.permissions import Action
from drscreen.domain.users import Role, User
from drscreen.qt import wording
from drscreen.qt.controllers.staff import StaffController
from drscreen.qt.failure import Failure
from drscreen.qt.views.account_dialogs import AddAccountDialog, PasswordDialog, ReentryDialog
from drscreen.qt.views.parts import ErrorBar, button, choice, field_height, field_label, label
from drscreen.qt.views.theme import Theme

CARD_WIDTH = 720
ROWS_SHOWN = 5
MINUTES = (2, 5, 10, 15, 20, 30, 60, 240)


def allow(widget: QWidget, allowed: bool, tip: str, action: Action) -> None:
    """Enable a widget for whom it is; to others its tooltip says why it is not."""
    widget.setEnabled(allowed)
    widget.setToolTip(tip if allowed else wording.not_permitted_text(action))


class Card(QFrame):
    """A titled part of the settings."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setObjectName("card")
        self.setMaximumWidth(CARD_WIDTH)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(24, 16, 24, 16)
        self.column.setSpacing(12)
        self.column.addWidget(label(title, "heading"))


class AccountsCard(Card):
    """Who may sign in. Everybody may change their own password here."""

    def __init__(self, theme: Theme, staff: StaffController) -> None:
        super().__init__(staff.tr("Accounts"))
        self._theme = theme
        self._staff = staff
        self._accounts: tuple[User, ...] = ()
        self.dialog: AddAccountDialog | PasswordDialog | None = None
        self.question: QMessageBox | None = None
        self.reentry: ReentryDialog | None = None
        self.error = ErrorBar(theme)
        self.told = label("", "muted", wraps=True)
        self.table = QTableWidget(0, 3)
        self.table.setAccessibleName(self.tr("Accounts"))
        self.table.setHorizontalHeaderLabels(
            [self.tr("User name"), self.tr("Name"), self.tr("Role")]
        )
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        row_height = field_height(self.table)
        self.table.verticalHeader().setDefaultSectionSize(row_height)
        self.table.setFixedHeight((ROWS_SHOWN + 1) * row_height)
        self.table.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.add = button(self.tr("Add…"))
        self.password = button(self.tr("New password…"))
        self.role = choice(self.tr("Role of the selected account"))
        for role in Role:
            self.role.addItem(wording.role_text(role), role.value)
        self.code = button(self.tr("New recovery code…"))
        self.remove = button(self.tr("Remove…"))
        self.own = button(self.tr("Change your password…"))
        self._lay_out()
        self.add.clicked.connect(self._on_add)
        self.password.clicked.connect(self._on_password)
        self.role.activated.connect(self._on_role)
        self.code.clicked.connect(staff.new_recovery_code)
        self.remove.clicked.connect(self._on_remove)
        self.own.clicked.connect(self._on_own)
        self.table.itemSelectionChanged.connect(self._refresh)
        staff.session_changed.connect(self._on_session_changed)
        staff.accounts_listed.connect(self._on_listed)
        staff.failed.connect(self._on_failed)
        staff.done.connect(self._on_done)
        staff.password_needed.connect(self._on_password_needed)
        self._refresh()

    @property
    def chosen(self) -> User | None:
        """The selected account."""
        row = self.table.currentRow()
        selected = bool(self.table.selectedItems())
        return self._accounts[row] if selected and row < len(self._accounts) else None

    def _lay_out(self) -> None:
        first, last = QHBoxLayout(), QHBoxLayout()
        for widget in (self.add, self.password, self.role):
            first.addWidget(widget)
        first.addStretch()
        first.addWidget(self.remove)
        last.addWidget(self.own)
        last.addWidget(self.code)
        last.addStretch()
        self.column.addWidget(self.error)
        self.column.addWidget(self.table)
        self.column.addLayout(first)
        self.column.addLayout(last)
        self.column.addWidget(self.told)

    @Slot()
    def _refresh(self) -> None:
        may, chosen = self._staff.may(Action.MANAGE_ACCOUNTS), self.chosen
        me = self._staff.user
        somebody = may and chosen is not None
        other = somebody and me is not None and chosen is not None and chosen.name != me.name
        action = Action.MANAGE_ACCOUNTS
        self.table.setVisible(may)
        allow(self.add, may, self.tr("Add an account"), action)
        allow(self.code, may, self.tr("Make a new recovery code; the old one ends"), action)
        select = self.tr("Select an account first")
        buttons: tuple[tuple[QWidget, bool, str], ...] = (
            (self.password, somebody, self.tr("Give the selected account a new password")),
            (self.role, somebody, self.tr("Change the role of the selected account")),
            (self.remove, other, self.tr("Remove the selected account and change the data key")),
        )
        for widget, ready, tip in buttons:
            allow(widget, may, tip if ready else select, action)
            widget.setEnabled(ready)
        if chosen is not None:
            self.role.setCurrentIndex(self.role.findData(chosen.role.value))
        self.own.setToolTip(self.tr("Needs your current password"))

    @Slot()
    def _on_session_changed(self) -> None:
        self._accounts = ()
        self.table.setRowCount(0)
        self.error.clear()
        self.told.setText("")
        self._refresh()

    @Slot(object)
    def _on_listed(self, accounts: tuple[User, ...]) -> None:
        self._accounts = accounts
        self.table.setRowCount(len(accounts))
        for row, user in enumerate(accounts):
            cells = (user.name, user.display_name, wording.role_text(user.role))
            for column, text in enumerate(cells):
                self.table.setItem(row, column, QTableWidgetItem(text))
        self.table.clearSelection()
        self._refresh()

    @Slot()
    def _on_add(self) -> None:
        self.dialog = AddAccountDialog(self._theme, self._staff, self)
        self.dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.dialog.open()

    @Slot()
    def _on_password(self) -> None:
        if self.chosen is not None:
            self._open_password(self.chosen.name)

    @Slot()
    def _on_own(self) -> None:
        self._open_password("")

    def _open_password(self, name: str) -> None:
        self.dialog = PasswordDialog(self._theme, self._staff, self, name)
        self.dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.dialog.open()

    @Slot(object)
    def _on_password_needed(self, action: Action) -> None:
        parent = self.dialog if self.dialog is not None and self._dialog_is_open() else self
        self.reentry = ReentryDialog(self._theme, self._staff, action, parent)
        self.reentry.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.reentry.open()

    @Slot()
    def _on_role(self) -> None:
        if self.chosen is not None:
            self._staff.change_role(self.chosen.name, Role(self.role.currentData()))

    @Slot()
    def _on_remove(self) -> None:
        if self.chosen is None:
            return
        self.question = QMessageBox(self)
        self.question.setIcon(QMessageBox.Icon.Warning)
        self.question.setTextFormat(Qt.TextFormat.PlainText)
        self.question.setText(self.tr("Remove the account {0}?").format(self.chosen.name))
        self.question.setInformativeText(
            self.tr(
                "The account cannot come back under its name. The records are put under a new "
                "data key, which takes a while; what this person recorded stays."
            )
        )
        yes: QPushButton = self.question.addButton(
            self.tr("Remove {0}").format(self.chosen.name), QMessageBox.ButtonRole.DestructiveRole
        )
        self.question.addButton(QMessageBox.StandardButton.Cancel)
        name = self.chosen.name
        yes.clicked.connect(lambda: self._staff.remove(name))
        self.question.open()

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        if self.dialog is None or not self._dialog_is_open():
            self.error.show_failure(failure)

    def _dialog_is_open(self) -> bool:
        try:
            return self.dialog is not None and self.dialog.isVisible()
        except RuntimeError:  # Qt has deleted it after it was closed
            self.dialog = None
            return False

    @Slot(str)
    def _on_done(self, words: str) -> None:
        self.error.clear()
        self.told.setText(words)


class LockCard(Card):
    """When the window locks by itself."""

    def __init__(self, staff: StaffController) -> None:
        super().__init__(staff.tr("Locking"))
        self._staff = staff
        self.minutes = choice(self.tr("Lock when nobody is here for"))
        self.minutes.setMinimumWidth(160)
        for minutes in MINUTES:
            self.minutes.addItem(self._words(minutes), minutes)
        row = QHBoxLayout()
        row.addWidget(field_label(self.tr("Lock when nobody is here for"), self.minutes))
        row.addWidget(self.minutes)
        row.addStretch()
        self.column.addLayout(row)
        self.column.addWidget(
            label(
                self.tr("Ctrl+L locks at once, and so does the desktop's own lock on Linux."),
                "muted",
                wraps=True,
            )
        )
        self.minutes.activated.connect(self._on_chosen)
        staff.minutes_known.connect(self._on_known)
        staff.session_changed.connect(self._on_session_changed)
        self._on_session_changed()

    @Slot()
    def _on_session_changed(self) -> None:
        allow(
            self.minutes,
            self._staff.may(Action.MANAGE_CLINIC),
            self.tr("Holds for everybody, from now on"),
            Action.MANAGE_CLINIC,
        )

    def _words(self, minutes: int) -> str:
        return self.tr("{0} minutes").format(minutes)

    @Slot(int)
    def _on_known(self, minutes: int) -> None:
        if self.minutes.findData(minutes) < 0:
            self.minutes.addItem(self._words(minutes), minutes)
        self.minutes.setCurrentIndex(self.minutes.findData(minutes))

    @Slot()
    def _on_chosen(self) -> None:
        self._staff.set_idle_minutes(self.minutes.currentData())


class AuditCard(Card):
    """Verify who did what."""

    def __init__(self, staff: StaffController) -> None:
        super().__init__(staff.tr("Audit log"))
        self._staff = staff
        self.verify = button(self.tr("Verify now"))
        self.verify.clicked.connect(self._on_verify)
        self.result = label("", "muted", wraps=True)
        row = QHBoxLayout()
        row.addWidget(self.verify, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.result, 1)
        self.column.addLayout(row)
        staff.verified.connect(self._on_verified)
        staff.session_changed.connect(self._on_session_changed)
        self._on_session_changed()

    @Slot()
    def _on_session_changed(self) -> None:
        self._say(self.tr("Who opened, changed and graded what, chained and sealed."), "muted")
        allow(
            self.verify,
            self._staff.may(Action.READ_AUDIT),
            self.tr("Check every link of the log"),
            Action.READ_AUDIT,
        )

    @Slot()
    def _on_verify(self) -> None:
        self._say(self.tr("Checking…"), "muted")
        self._staff.verify()

    @Slot(object)
    def _on_verified(self, report: AuditReport) -> None:
        if report.intact:
            head = report.head.text if report.head else "0"
            self._say(
                self.tr("All {0} events hold. Head: {1}").format(report.events, head), "muted"
            )
            return
        first = report.problems[0]
        self._say(
            self.tr("The log is BROKEN in {0} places; the first, at event {1}: {2}.").format(
                report.faults, first.sequence, wording.tr(first.fault.sentence)
            ),
            "error",
        )

    def _say(self, words: str, role: str) -> None:
        self.result.setText(words)
        self.result.setProperty("role", role)
        self.result.style().polish(self.result)
