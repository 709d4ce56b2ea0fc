"""The window: makes the application, pairs views with controllers, and injects what is outside.

Importing this loads Qt but neither torch nor the database: both are imported by the first call on
the threads that need them, after the window is visible.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QApplication

from drscreen import __version__
from drscreen.bootstrap import Workstation
from drscreen.domain.ports import Predictor
from drscreen.domain.settings import DeviceChoice
from drscreen.domain.unclean_end import ProgramKind
from drscreen.qt.collector import Collector
from drscreen.qt.controllers.demonstration import DemonstrationController
from drscreen.qt.controllers.desk import Desk, Outside
from drscreen.qt.controllers.unrecorded import UnrecordedCount
from drscreen.qt.views.crash import CrashReporter
from drscreen.qt.views.main_window import MainWindow
from drscreen.qt.views.presence import Presence
from drscreen.qt.views.theme import Theme
from drscreen.services.demonstration import PASSWORD, USER

_IMPORTED = time.perf_counter()


def run(
    home: Path | None,
    argv: Sequence[str] = (),
    *,
    demonstration: bool = False,
    report_first_paint: bool = False,
) -> int:
    """Open the window on a home folder and return the exit status when it is closed.

    `argv` goes to Qt. `demonstration` opens the demonstration clinic's own home, which
    `drscreen demo` has made. With
    `report_first_paint` one line, the seconds from the start of the process to the first paint,
    is printed and the window closes again.
    """
    app = QApplication([sys.argv[0], *argv])
    app.setApplicationName("drscreen")
    reporter = CrashReporter()
    reporter.install()
    workstation = Workstation(home)
    if demonstration:
        workstation = workstation.demonstration()
    workstation.log.install()
    ended = [] if report_first_paint else workstation.unclean_ends(ProgramKind.WINDOW)
    running = workstation.mark_running(ProgramKind.WINDOW)
    workstation.log.write("window_opened", version=__version__, kind=_kind(demonstration))
    theme = Theme(app, workstation.resources)
    desk = Desk(outside(workstation, drawings=demonstration))
    unrecorded = UnrecordedCount(desk.screening, running.note)
    collector = Collector(app)
    try:
        theme.apply(desk.settings.settings.theme)
        desk.settings.theme_changed.connect(theme.apply)
        if demonstration:
            window = MainWindow(theme, desk, _tr("Demonstration clinic: drawings, not patients"))
            window.sign_in.explanation.setText(
                _tr("User name: {0}. Password: {1}.").format(USER, PASSWORD)
            )
            DemonstrationController(desk)
        else:
            window = MainWindow(theme, desk)
        window.tell_unclean_ends(ended)
        presence = Presence()
        presence.person_seen.connect(desk.idle.on_person_seen)
        app.installEventFilter(presence)
        if sys.platform == "linux":
            from drscreen.qt.desktop_lock import DesktopLock

            desktop = DesktopLock()
            desktop.locked.connect(desk.departure.on_lock_wanted)
        collector.start()
        # Queued behind the paint event, so that the frame is on the screen first.
        if report_first_paint:
            window.first_painted.connect(_report_first_paint, Qt.ConnectionType.QueuedConnection)
        else:
            window.first_painted.connect(desk.start, Qt.ConnectionType.QueuedConnection)
        window.show()
        _leave_when_told(app)
        status = app.exec()
        window.hide()
    finally:
        # A QThread that is still running when it is destroyed ends the process.
        desk.shut_down()
        collector.stop()
        del unrecorded
        running.end()
        sys.excepthook = sys.__excepthook__
    return status


def _leave_when_told(app: QApplication) -> None:
    """End as if the window was closed where the system asks for it: who logs off, or switches the
    computer off, did not see the program end unexpectedly. Python hears it at the next beat of the
    collector.
    """
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: app.exit(0))


def _kind(demonstration: bool) -> str:
    return "demonstration" if demonstration else "clinic"


def outside(workstation: Workstation, *, drawings: bool = False) -> Outside:
    """A workstation's services as the window wants them: factories, called where it says."""

    def predictor(model: str, device: DeviceChoice) -> Predictor:
        # The decoder is ready by the time that the network is.
        workstation.start_decoder()
        return workstation.predictor(model, device)

    return Outside(
        accounts=lambda: workstation.accounts,
        records=workstation.records,
        predictor=predictor,
        screening=workstation.screening,
        staff=workstation.staff,
        settings=workstation.settings,
        networks=workstation.bundle_names,
        backup=workstation.backup,
        outbox=workstation.outbox,
        delivery=workstation.delivery,
        notice_settings=workstation.notice_settings,
        drawings=drawings,
        pixels=workstation.pixels,
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("gui", text)


def _report_first_paint() -> None:
    print(f"{_seconds_since_start():.3f}", flush=True)
    QCoreApplication.quit()


def _seconds_since_start() -> float:
    """Seconds since the process began; where the system does not say, since this was imported."""
    stat = Path("/proc/self/stat")
    if not stat.exists():
        return time.perf_counter() - _IMPORTED
    # Field 22, counted after the name in brackets, is the start in clock ticks since boot.
    started = int(stat.read_text().rsplit(")", 1)[1].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK")
