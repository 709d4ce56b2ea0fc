"""One setting of a notifier, drawn from what it says of it."""

from __future__ import annotations

from PySide6.QtCore import QRegularExpression, Signal
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QVBoxLayout, QWidget

from drscreen.domain.notifier import Setting, SettingKind
from drscreen.qt.views.parts import PasswordField, choice, field_height, label, let_wheel_pass
from drscreen.qt.views.theme import Theme

_FLAG_SET = "yes"
_DIGITS = QRegularExpression("[0-9]{0,9}")


class SettingField(QWidget):
    """One setting: its input, its help below, and what is wrong with it."""

    edited = Signal()

    def __init__(self, theme: Theme, setting: Setting) -> None:
        super().__init__()
        self.setting = setting
        self._kept = setting.default
        self.input = self._input(theme)
        self.help = label(setting.help, "muted", wraps=True)
        self.help.setVisible(bool(setting.help))
        self.problem = label("", "error", wraps=True)
        self.problem.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for widget in (self.input, self.help, self.problem):
            column.addWidget(widget)
        self.setFocusProxy(self.input)
        self._write(setting.default)

    @property
    def value(self) -> str:
        """What is typed or chosen; of a secret, only a new one."""
        field = self.input
        if isinstance(field, QCheckBox):
            return _FLAG_SET if field.isChecked() else ""
        if isinstance(field, QComboBox):
            return str(field.currentData())
        return field.text()

    @property
    def is_edited(self) -> bool:
        """Whether it differs from what is kept."""
        return self.value != self._kept

    def show_kept(self, value: str, *, secret_set: bool) -> None:
        """Show what is kept now, unless something else is typed here."""
        if isinstance(self.input, PasswordField):
            self._kept = ""
            needed = self.tr("Required") if self.setting.required else ""
            self.input.edit.setPlaceholderText(
                self.tr("Set; leave empty to keep it") if secret_set else needed
            )
            return
        keeps_typed = self.is_edited
        self._kept = value
        if not keeps_typed:
            self._write(value)

    def accept(self, kept: str) -> None:
        """That is kept from now on; what was typed since stays. A secret is not shown any more."""
        if not isinstance(self.input, PasswordField):
            self._kept = kept
        elif self.value == kept:
            self.wipe()

    def wipe(self) -> None:
        """Forget what is typed and shown."""
        if isinstance(self.input, PasswordField):
            self.input.show_button.setChecked(False)
        self._write(self.setting.default)

    def show_problem(self, sentence: str, *, hinders: bool = True) -> None:
        """Say what is wrong, or only to be known; nothing where it is empty."""
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))
        self.problem.setProperty("role", "error" if hinders else "muted")
        self.problem.style().polish(self.problem)

    def _input(self, theme: Theme) -> QCheckBox | QComboBox | QLineEdit | PasswordField:
        setting = self.setting
        if setting.kind is SettingKind.FLAG:
            flag = QCheckBox(setting.label)
            flag.clicked.connect(self.edited)
            return flag
        if setting.kind is SettingKind.CHOICE:
            box = choice(setting.label)
            box.setMinimumHeight(field_height(box))
            for word in setting.choices:
                box.addItem(word, word)
            let_wheel_pass(box)
            box.activated.connect(self.edited)
            return box
        if setting.kind is SettingKind.SECRET:
            secret = PasswordField(theme, setting.label)
            secret.edit.textEdited.connect(self.edited)
            return secret
        line = QLineEdit()
        line.setAccessibleName(setting.label)
        line.setMinimumHeight(field_height(line))
        if setting.required:
            line.setPlaceholderText(self.tr("Required"))
        if setting.kind is SettingKind.NUMBER:
            line.setValidator(QRegularExpressionValidator(_DIGITS, line))
        line.textEdited.connect(self.edited)
        return line

    def _write(self, value: str) -> None:
        field = self.input
        if isinstance(field, QCheckBox):
            field.setChecked(bool(value))
        elif isinstance(field, QComboBox):
            if field.findData(value) < 0:
                # What is kept and not offered must not look like another choice.
                field.addItem(value, value)
            field.setCurrentIndex(field.findData(value))
        elif isinstance(field, PasswordField):
            field.edit.clear()
        else:
            field.setText(value)
