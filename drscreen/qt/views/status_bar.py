"""Network, device, user, lock; and that this is research."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QPushButton, QStatusBar

from drscreen.domain.notice import NoticeState
from drscreen.domain.users import User
from drscreen.qt import notice_wording, wording
from drscreen.qt.controllers.backup import BackupController, BackupStatus
from drscreen.qt.controllers.incoming import Batch, NetworkState
from drscreen.qt.controllers.outbox import OutboxController
from drscreen.qt.controllers.screening import ScreeningController
from drscreen.qt.views.parts import button, label
from drscreen.qt.views.theme import Theme


class StatusBar(QStatusBar):
    """Always there, also before anybody has signed in."""

    lock_wanted = Signal()

    def __init__(
        self,
        theme: Theme,
        screening: ScreeningController,
        backup: BackupController,
        outbox: OutboxController,
    ) -> None:
        super().__init__()
        self._theme = theme
        self.setSizeGripEnabled(False)
        self.research = label(self.tr("Research use, not a cleared device"))
        self.research.setObjectName("research")
        self.network = label()
        self.batch = label()
        self.backup = label()
        self.outbox = label()
        self.user = label()
        self.lock: QPushButton = button(
            self.tr("Lock"), "quiet", self.tr("Lock and sign out (Ctrl+L)")
        )
        self.lock.clicked.connect(self.lock_wanted)
        self.addWidget(self.research)
        for widget in (self.batch, self.backup, self.outbox, self.network, self.user, self.lock):
            self.addPermanentWidget(widget)
        self.show_user(None)
        theme.changed.connect(self._on_theme_changed)
        screening.network_changed.connect(self.on_network_changed)
        screening.batch_changed.connect(self._on_batch_changed)
        backup.status_changed.connect(self._on_backup_changed)
        outbox.counts_changed.connect(self._on_counts_changed)
        self.on_network_changed(screening.network)

    def show_user(self, user: User | None) -> None:
        """Who is signed in."""
        self.user.setVisible(user is not None)
        self.lock.setVisible(user is not None)
        self.user.setText((user.display_name or user.name) if user else "")
        self._on_theme_changed()

    @Slot(object)
    def on_network_changed(self, state: NetworkState) -> None:
        """Which network grades, and where it runs."""
        if state.spec is not None:
            words = self.tr("{0} on {1}").format(
                wording.network_text(state.spec.model), state.spec.device
            )
            tip = self.tr("Ready to grade")
        elif state.failure is not None:
            words, tip = self.tr("No network: see Settings"), state.failure.text
        else:
            words = self.tr("Network loading…")
            tip = self.tr("Patients can be recorded meanwhile; photographs wait for the network.")
        self.network.setText(words)
        self.network.setToolTip(tip)
        self.network.setProperty("role", "error" if state.failure else "muted")
        self.network.style().polish(self.network)

    @Slot(object)
    def _on_batch_changed(self, batch: Batch) -> None:
        words = self.tr("Screening {0} of {1}").format(batch.ended + 1, batch.total)
        self.batch.setText(words if batch.is_running else "")

    @Slot(object)
    def _on_backup_changed(self, status: BackupStatus) -> None:
        words = ""
        if status.is_running:
            words = self.tr("Backing up…")
        elif status.failure is not None:
            words = self.tr("Backup failed: see Settings")
        self.backup.setText(words)
        self.backup.setToolTip(status.failure.text if status.failure else "")
        self.backup.setProperty("role", "error" if status.failure else "muted")
        self.backup.style().polish(self.backup)

    @Slot(object)
    def _on_counts_changed(self, counts: Mapping[NoticeState, int]) -> None:
        self.outbox.setText(notice_wording.outbox_text(counts))
        self.outbox.setVisible(bool(self.outbox.text()))
        has_problems = notice_wording.count(counts, notice_wording.PROBLEMS) > 0
        self.outbox.setProperty("role", "error" if has_problems else "muted")
        self.outbox.style().polish(self.outbox)

    @Slot()
    def _on_theme_changed(self) -> None:
        self.lock.setIcon(self._theme.icon("lock"))
