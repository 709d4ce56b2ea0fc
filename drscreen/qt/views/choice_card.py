"""Whether an installed notifier may run: asked where nobody chose it, shown where somebody did."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QMessageBox, QWidget

from drscreen.domain.notice_ports import FoundNotifier
from drscreen.domain.plugin_choice import PluginChoice, PluginOffer
from drscreen.qt.controllers.notice_settings import NoticeSettingsController
from drscreen.qt.views.parts import button, label
from drscreen.qt.views.people_cards import Card
from drscreen.qt.wording import day_text


class ChoiceCard(Card):
    """A notifier that does not run: its metadata, and the way to let it run."""

    def __init__(
        self, found: FoundNotifier, offer: PluginOffer, settings: NoticeSettingsController
    ) -> None:
        super().__init__(offer.package)
        self.found = found
        self._offer = offer
        self._settings = settings
        self.question: QMessageBox | None = None
        # A change is a finding; what nobody chose yet is only new.
        self.reason = label(found.problem, "error" if found.choice else "muted", wraps=True)
        self.files = label(files_text(offer), "muted", wraps=True)
        self.choose = button(
            self.tr("Choose…"), "plain", self.tr("Let {0} run").format(offer.package)
        )
        foot = QHBoxLayout()
        foot.addStretch()
        foot.addWidget(self.choose)
        self.column.addWidget(self.reason)
        self.column.addWidget(self.files)
        self.column.addLayout(foot)
        self.choose.clicked.connect(self._on_choose)

    def forget(self) -> None:
        """Drop the question that is open."""
        if self.question is not None:
            self.question.close()
            self.question = None

    @Slot()
    def _on_choose(self) -> None:
        self.question = QMessageBox(self)
        self.question.setIcon(QMessageBox.Icon.Question)
        self.question.setTextFormat(Qt.TextFormat.PlainText)
        offer = self._offer
        self.question.setText(self.tr("Let {0} {1} run?").format(offer.package, offer.version))
        self.question.setInformativeText(
            self.tr(
                "It runs in a process of its own and is given the messages that it is to send, "
                "with patients' numbers or addresses, and the settings kept for “{0}”.\n\n"
                "Choose it only if you know where it comes from. SHA-256 of its files:\n{1}\n\n"
                "After any change of them it has to be chosen anew."
            ).format(offer.notifier, _grouped(offer.digest))
        )
        yes = self.question.addButton(self.tr("Choose it"), QMessageBox.ButtonRole.AcceptRole)
        self.question.setDefaultButton(self.question.addButton(QMessageBox.StandardButton.Cancel))
        yes.clicked.connect(self._on_confirmed)
        self.question.open()

    @Slot()
    def _on_confirmed(self) -> None:
        self.choose.setEnabled(False)
        self._settings.choose_plugin(self._offer.package, self._offer.digest)


class ChosenLine(QWidget):
    """Which files run, who chose them, and the way to let them run no more."""

    def __init__(
        self, offer: PluginOffer, choice: PluginChoice, settings: NoticeSettingsController
    ) -> None:
        super().__init__()
        self._package = offer.package
        self._settings = settings
        self.question: QMessageBox | None = None
        self.words = label(
            self.tr("{0} Chosen by {1} on {2}.").format(
                files_text(offer), choice.by, day_text(choice.moment.date())
            ),
            "muted",
            wraps=True,
        )
        self.revoke = button(
            self.tr("Revoke…"), "plain", self.tr("Let {0} run no more").format(offer.package)
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.words, 1)
        row.addWidget(self.revoke)
        self.revoke.clicked.connect(self._on_revoke)

    def forget(self) -> None:
        """Drop the question that is open."""
        if self.question is not None:
            self.question.close()
            self.question = None

    @Slot()
    def _on_revoke(self) -> None:
        self.question = QMessageBox(self)
        self.question.setIcon(QMessageBox.Icon.Warning)
        self.question.setTextFormat(Qt.TextFormat.PlainText)
        self.question.setText(self.tr("Let {0} run no more?").format(self._package))
        self.question.setInformativeText(
            self.tr(
                "What it is doing is ended at once; a message that is on its way may arrive or "
                "not. Its settings stay, and its notices wait in the outbox."
            )
        )
        yes = self.question.addButton(self.tr("Revoke"), QMessageBox.ButtonRole.DestructiveRole)
        self.question.setDefaultButton(self.question.addButton(QMessageBox.StandardButton.Cancel))
        yes.clicked.connect(self._on_confirmed)
        self.question.open()

    @Slot()
    def _on_confirmed(self) -> None:
        self.revoke.setEnabled(False)
        self._settings.revoke_plugin(self._package)


def chosen_line(found: FoundNotifier, settings: NoticeSettingsController) -> ChosenLine | None:
    """What was chosen of a notifier that may run; None where it was never chosen."""
    if found.offer is None or found.choice is None:
        return None
    return ChosenLine(found.offer, found.choice, settings)


def files_text(offer: PluginOffer) -> str:
    """A package, its version, and as much of its files' hash as people compare."""
    return _tr("{0} {1}, files {2}…").format(offer.package, offer.version, offer.short)


def _grouped(digest: str) -> str:
    parts = [digest[at : at + 8] for at in range(0, len(digest), 8)]
    return "\n".join(" ".join(parts[at : at + 4]) for at in range(0, len(parts), 4))


def _tr(text: str) -> str:
    return QCoreApplication.translate("ChoiceCard", text)
