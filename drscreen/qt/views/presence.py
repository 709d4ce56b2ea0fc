"""Notices that a person is at the window: keys, mouse, touch, dropped files."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Signal

_SEEN = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
        QEvent.Type.Drop,
    }
)


class Presence(QObject):
    """An event filter for the whole application; swallows nothing."""

    person_seen = Signal()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Announce what only a person does."""
        if event.type() in _SEEN:
            self.person_seen.emit()
        return False
