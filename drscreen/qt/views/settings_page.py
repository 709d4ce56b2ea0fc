"""Appearance, network, device."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QComboBox, QFormLayout, QFrame, QScrollArea, QVBoxLayout, QWidget

from drscreen.domain.settings import DeviceChoice
from drscreen.domain.settings import Theme as ThemeChoice
from drscreen.qt import wording
from drscreen.qt.controllers.incoming import NetworkState
from drscreen.qt.controllers.screening import ScreeningController
from drscreen.qt.controllers.settings import SettingsController
from drscreen.qt.views.parts import ErrorBar, choice, field_label, label
from drscreen.qt.views.people_cards import CARD_WIDTH
from drscreen.qt.views.theme import Theme


class SettingsPage(QWidget):
    """Every choice is kept and takes effect at once."""

    def __init__(
        self,
        theme: Theme,
        settings: SettingsController,
        screening: ScreeningController,
        cards: Sequence[QWidget] = (),
    ) -> None:
        """`cards` stand below the page's own."""
        super().__init__()
        self.setObjectName("page")
        self._settings = settings
        self.error = ErrorBar(theme)
        self.theme = self._choice(
            self.tr("Theme"),
            [
                (self.tr("As the system"), ThemeChoice.SYSTEM.value),
                (self.tr("Dark, for reading rooms"), ThemeChoice.DARK.value),
                (self.tr("Light, for the desk"), ThemeChoice.LIGHT.value),
            ],
        )
        self.model = self._choice(self.tr("Network"), [(self.tr("Best installed"), "")])
        self.device = self._choice(
            self.tr("Device"),
            [
                (self.tr("Automatic: the GPU where there is one"), DeviceChoice.AUTO.value),
                (self.tr("Processor (CPU)"), DeviceChoice.CPU.value),
                (self.tr("Graphics card (CUDA)"), DeviceChoice.CUDA.value),
            ],
        )
        self.state = label("", "muted", wraps=True)
        middle = QWidget()
        middle.setObjectName("page")
        # Qt works out how high wrapped words are from the page's width, not from the cards'.
        middle.setMaximumWidth(CARD_WIDTH + 2 * 16)
        page = QVBoxLayout(middle)
        page.setContentsMargins(16, 12, 16, 12)
        page.setSpacing(12)
        page.addWidget(label(self.tr("Settings"), "title"))
        page.addWidget(self.error)
        page.addWidget(self._card(self.tr("Appearance"), [(self.tr("Theme"), self.theme)]))
        page.addWidget(
            self._card(
                self.tr("Network"),
                [(self.tr("Network"), self.model), (self.tr("Runs on"), self.device)],
                self.state,
            )
        )
        for card in cards:
            page.addWidget(card)
        page.addStretch()
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(middle)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        outside = QVBoxLayout(self)
        outside.setContentsMargins(0, 0, 0, 0)
        outside.addWidget(scroll)
        self.show_settings()
        self.theme.activated.connect(self._on_theme_chosen)
        self.model.activated.connect(self._on_network_chosen)
        self.device.activated.connect(self._on_network_chosen)
        settings.networks_listed.connect(self._on_networks_listed)
        settings.save_failed.connect(self.error.show_failure)
        screening.network_changed.connect(self.on_network_changed)
        self.on_network_changed(screening.network)

    def show_settings(self) -> None:
        """Show what is set."""
        now = self._settings.settings
        for box, value in (
            (self.theme, now.theme.value),
            (self.model, now.model),
            (self.device, now.device.value),
        ):
            if box.findData(value) < 0:
                # A network that is set but not installed must not look like another one.
                box.addItem(value, value)
            box.setCurrentIndex(box.findData(value))

    @Slot(object)
    def on_network_changed(self, state: NetworkState) -> None:
        """Say what is loaded, or why not."""
        if state.spec is not None:
            model = state.spec.model
            words = self.tr("Loaded: {0}, on {1} ({2}). Manifest {3}…").format(
                wording.network_name(model),
                state.spec.device,
                state.spec.precision,
                model.sha256[:12],
            )
        elif state.failure is not None:
            words = state.failure.text
        else:
            words = self.tr("Loading the network…")
        self.state.setText(words)
        self.state.setProperty("role", "error" if state.failure else "muted")
        self.state.style().polish(self.state)

    def _choice(self, name: str, items: list[tuple[str, str]]) -> QComboBox:
        box = choice(name)
        box.setMinimumWidth(320)
        for text, value in items:
            box.addItem(text, value)
        return box

    def _card(
        self, title: str, rows: list[tuple[str, QComboBox]], note: QWidget | None = None
    ) -> QFrame:
        card = QFrame()
        card.setObjectName("card")
        card.setMaximumWidth(CARD_WIDTH)
        column = QVBoxLayout(card)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(12)
        column.addWidget(label(title, "heading"))
        form = QFormLayout()
        form.setHorizontalSpacing(24)
        form.setVerticalSpacing(8)
        for name, box in rows:
            form.addRow(field_label(name, box), box)
        column.addLayout(form)
        if note is not None:
            column.addWidget(note)
        return card

    @Slot()
    def _on_theme_chosen(self) -> None:
        self._settings.set_theme(ThemeChoice(self.theme.currentData()))

    @Slot()
    def _on_network_chosen(self) -> None:
        self._settings.set_network(
            self.model.currentData(), DeviceChoice(self.device.currentData())
        )

    @Slot(object)
    def _on_networks_listed(self, names: tuple[str, ...]) -> None:
        while self.model.count() > 1:
            self.model.removeItem(1)
        for name in names:
            self.model.addItem(name, name)
        self.show_settings()
