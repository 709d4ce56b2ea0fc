"""The small widgets that several pages are made of."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QStyledItemDelegate,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from drscreen.qt.failure import Failure
from drscreen.qt.tooltip import plain_tip
from drscreen.qt.views.theme import ICON_SIZE, Theme

TARGET = 32


def label(text: str = "", role: str = "", *, wraps: bool = False) -> QLabel:
    """A label in one of the style sheet's roles: title, heading, section, muted, error."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setProperty("role", role)
    made.setWordWrap(wraps)
    if wraps:
        # A wrapped label keeps the height of its text, also inside a stretching column.
        made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    return made


class FileNameLabel(QLabel):
    """A file's name, shortened in its middle where it does not fit; the tooltip has it whole."""

    def __init__(self, name: str, path: str) -> None:
        super().__init__()
        self._name = name
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setToolTip(plain_tip(path))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorten to the new width."""
        super().resizeEvent(event)
        if event.size().width() == event.oldSize().width():
            return
        middle = Qt.TextElideMode.ElideMiddle
        self.setText(self.fontMetrics().elidedText(self._name, middle, self.width()))


def field_height(widget: QWidget) -> int:
    """How high a row of a form is in the widget's font."""
    return max(TARGET + 2, widget.fontMetrics().height() + 14)


def choice(name: str) -> QComboBox:
    """A list to choose from, with rows that are high enough to hit."""
    made = QComboBox()
    made.setAccessibleName(name)
    # The style sheet's row height holds only for a styled delegate.
    made.setItemDelegate(QStyledItemDelegate(made))
    return made


class _WheelPasses(QObject):
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Wheel:
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def let_wheel_pass(field: QWidget) -> None:
    """Scroll the page over a field rather than change it: nobody would notice that."""
    field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    field.installEventFilter(_WheelPasses(field))


def field_label(text: str, field: QWidget) -> QLabel:
    """A form's label, level with its field and naming it to assistive technology."""
    made = label(text)
    made.setMinimumHeight(field_height(made))
    made.setBuddy(field)
    return made


def button(text: str, kind: str = "plain", tip: str = "") -> QPushButton:
    """A push button; `kind` is primary, plain or quiet."""
    made = QPushButton(text)
    made.setProperty("kind", kind)
    made.setToolTip(tip)
    made.setMinimumHeight(TARGET)
    return made


def dialog_column(dialog: QDialog) -> QVBoxLayout:
    """The column that a dialog consists of."""
    column = QVBoxLayout(dialog)
    column.setContentsMargins(24, 24, 24, 16)
    column.setSpacing(12)
    return column


def dialog_foot(cancel: QPushButton, action: QPushButton) -> QHBoxLayout:
    """A dialog's last row: what leaves it, then what it is for."""
    row = QHBoxLayout()
    row.addStretch()
    row.addWidget(cancel)
    row.addWidget(action)
    return row


class IconButton(QToolButton):
    """A square button with a tinted icon; its name is read out, its tip names the shortcut."""

    def __init__(self, theme: Theme, icon: str, name: str, tip: str, kind: str = "quiet") -> None:
        super().__init__()
        self._theme = theme
        self._icon_name = icon
        self.setProperty("kind", kind)
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setIconSize(ICON_SIZE)
        self.setMinimumSize(TARGET, TARGET)
        self._on_theme_changed()
        theme.changed.connect(self._on_theme_changed)

    def set_icon_name(self, icon: str) -> None:
        """Show another icon."""
        self._icon_name = icon
        self._on_theme_changed()

    @Slot()
    def _on_theme_changed(self) -> None:
        self.setIcon(self._theme.icon(self._icon_name))


class ErrorBar(QFrame):
    """What happened, what was kept, what to do; details fold out. Hidden while all is well."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("error")
        self._text = label("", wraps=True)
        self._details = label("", "muted", wraps=True)
        self._details.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._more = button(self.tr("Details"), "quiet")
        self._more.setCheckable(True)
        self._more.toggled.connect(self._details.setVisible)
        dismiss = IconButton(theme, "close", self.tr("Dismiss"), self.tr("Dismiss this message"))
        dismiss.clicked.connect(self.clear)
        row = QHBoxLayout()
        row.addWidget(self._text, 1)
        row.addWidget(self._more, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(dismiss, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 8, 8)
        column.addLayout(row)
        column.addWidget(self._details)
        self.clear()

    @property
    def text(self) -> str:
        """What is shown; empty when hidden."""
        return self._text.text()

    @Slot(object)
    def show_failure(self, failure: Failure) -> None:
        """Show a failure until it is dismissed or the next try begins."""
        self._text.setText(failure.text)
        self._details.setText(failure.details)
        self._more.setVisible(bool(failure.details))
        self._more.setChecked(False)
        self._details.hide()
        self.setAccessibleName(failure.text)
        self.show()

    @Slot()
    def clear(self) -> None:
        """Hide."""
        self._text.clear()
        self.hide()


class PasswordField(QWidget):
    """A password with a button that shows it, and a hint when Caps Lock seems to be on."""

    caps_lock_noticed = Signal(bool)
    submitted = Signal()

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.edit = _SecretEdit()
        self.edit.setAccessibleName(name)
        self.edit.caps_lock_noticed.connect(self.caps_lock_noticed)
        self.edit.returnPressed.connect(self.submitted)
        self.show_button = IconButton(theme, "show", self.tr("Show the password"), "", "plain")
        self.show_button.setCheckable(True)
        self.show_button.setToolTip(self.tr("Show what is typed"))
        self.show_button.toggled.connect(self._on_shown)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.edit, 1)
        row.addWidget(self.show_button)
        self.setFocusProxy(self.edit)
        # A form lays rows out by this; the style sheet's heights arrive too late for it.
        self.setMinimumHeight(field_height(self))

    def text(self) -> str:
        """What is typed."""
        return self.edit.text()

    @Slot(bool)
    def _on_shown(self, shown: bool) -> None:
        modes = QLineEdit.EchoMode
        self.edit.setEchoMode(modes.Normal if shown else modes.Password)
        self.show_button.set_icon_name("hide" if shown else "show")


class _SecretEdit(QLineEdit):
    caps_lock_noticed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.setEchoMode(QLineEdit.EchoMode.Password)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Qt does not tell the state of Caps Lock; a capital without Shift does.
        typed = event.text()
        if len(typed) == 1 and typed.isalpha() and typed.lower() != typed.upper():
            shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.caps_lock_noticed.emit(typed.isupper() != shift)
        super().keyPressEvent(event)
