"""Hears from a Linux desktop that it is locked or about to sleep.

GNOME, KDE and others say so on the session bus, systemd on the system bus. Windows and macOS have
no such bus: there the idle time does it.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import SLOT, QObject, Signal, Slot
from PySide6.QtDBus import QDBusConnection

_SCREEN_SAVERS = ("org.freedesktop.ScreenSaver", "org.gnome.ScreenSaver")


class DesktopLock(QObject):
    """`locked` is heard each time; nothing is where there is no bus. GUI thread."""

    locked = Signal()

    def __init__(self) -> None:
        super().__init__()
        session, system = QDBusConnection.sessionBus(), QDBusConnection.systemBus()
        # PySide's types ask for bytes here, which it then refuses.
        active: Any = SLOT("on_active(bool)")
        plain: Any = SLOT("on_lock()")
        heard = [
            session.isConnected() and session.connect("", "", name, "ActiveChanged", self, active)
            for name in _SCREEN_SAVERS
        ]
        if system.isConnected():
            login = "org.freedesktop.login1"
            heard += [
                # Any session's: locking once too often harms nobody.
                system.connect(login, "", f"{login}.Session", "Lock", self, plain),
                system.connect(login, "", f"{login}.Manager", "PrepareForSleep", self, active),
            ]
        #: Whether anything can be heard here.
        self.is_listening = any(heard)

    @Slot(bool)
    def on_active(self, active: bool) -> None:
        """The screen is locked or sleep comes (True), or it is over."""
        if active:
            self.locked.emit()

    @Slot()
    def on_lock(self) -> None:
        """The session is locked."""
        self.locked.emit()
