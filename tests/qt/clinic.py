"""The workstation that the window's tests use."""

from __future__ import annotations

import threading
from pathlib import Path

from pytestqt.qtbot import QtBot

from drscreen.adapters.notify.addresses import PhoneAndMail
from drscreen.domain.ports import PhotographReader, Predictor
from drscreen.domain.settings import DeviceChoice, Settings
from drscreen.domain.store_ports import OpenStore
from drscreen.qt.controllers.desk import Desk, Outside
from drscreen.qt.views.incoming_row import IncomingRow
from drscreen.qt.views.main_window import MainWindow
from drscreen.qt.views.theme import Theme
from drscreen.services.accounts import AccountsService
from drscreen.services.backup import BackupService
from drscreen.services.delivery import DeliveryService
from drscreen.services.notice_settings import NoticeSettingsService
from drscreen.services.outbox import OutboxService
from drscreen.services.records import RecordsService
from drscreen.services.screening import ScreeningService
from drscreen.services.staff import StaffService
from tests.fakes.notifiers import FakeNotifiers, announcer
from tests.fakes.passwords import any_password
from tests.fakes.screening import FakeClock, FakeGate, FakePredictor, FakeReader
from tests.fakes.store import FakeStore

USER, PASSWORD = "ada", "a long password"
WAIT = 20_000


class MemorySettings:
    """`SettingsFile` without a file."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.saved = settings or Settings()

    def load(self) -> Settings:
        return self.saved

    def save(self, settings: Settings) -> None:
        self.saved = settings


class Clinic:
    """Fakes, desk and window; `start` and `sign_in` do what a person would."""

    def __init__(
        self,
        qtbot: QtBot,
        theme: Theme,
        store: FakeStore | None = None,
        reader: PhotographReader | None = None,
    ) -> None:
        """`reader` reads and shows photographs; without one a fake does, and Qt shows them."""
        self.qtbot = qtbot
        self.reader = reader or FakeReader()
        self.theme = theme
        self.clock = FakeClock()
        self.store = store or FakeStore(now=self.clock.now)
        self.notifiers = FakeNotifiers()
        self.gate = FakeGate()
        self.predictor = FakePredictor()
        self.settings = MemorySettings()
        self.load_threads: list[int] = []
        self.load_error: Exception | None = None
        self.loaded: list[tuple[str, DeviceChoice]] = []
        self.desk = Desk(
            Outside(
                accounts=lambda: AccountsService(self.store, any_password),
                records=lambda store: RecordsService(store, self.clock, PhoneAndMail()),
                staff=lambda store: StaffService(store, any_password),
                predictor=self._load,
                screening=self._screening,
                settings=self.settings,
                networks=lambda: ["fake", "other"],
                backup=lambda store: BackupService(store, self.clock),
                outbox=lambda store: OutboxService(store, self.clock, announcer(store)),
                delivery=self._delivery,
                notice_settings=lambda store: NoticeSettingsService(
                    store, self.clock, self.notifiers, announcer(store)
                ),
                pixels=reader.whole if reader else None,
            )
        )
        theme.apply(self.settings.saved.theme)
        self.window = MainWindow(theme, self.desk)
        self.window.show()
        self._closed = False

    def _load(self, model: str, device: DeviceChoice) -> Predictor:
        self.load_threads.append(threading.get_ident())
        self.loaded.append((model, device))
        if self.load_error is not None:
            raise self.load_error
        return self.predictor

    def _screening(self, predictor: Predictor, store: OpenStore) -> ScreeningService:
        return ScreeningService(
            self.reader, self.gate, predictor, self.clock, store, announcer=announcer(store)
        )

    def _delivery(self, store: OpenStore) -> DeliveryService:
        return DeliveryService(store, self.clock, self.notifiers, announcer(store))

    def start(self) -> None:
        """Open the program; returns when it asks for something."""
        session = self.desk.session
        asked = [session.first_start_needed, session.sign_in_needed]
        with self.qtbot.waitSignals(asked[0 if not self.store.exists() else 1 :][:1], timeout=WAIT):
            self.desk.start()

    def sign_in(self) -> None:
        """Set the clinic up where that is needed, sign in, and wait for the patients' list."""
        self.start()
        with self.qtbot.waitSignals(
            [self.desk.session.signed_in, self.desk.table.counted], timeout=WAIT
        ):
            if self.store.exists():
                page = self.window.sign_in
                page.user.setText(USER)
                page.secret.edit.setText(PASSWORD)
                page.action.click()
            else:
                first = self.window.first_start
                first.clinic.setText("Hill Clinic")
                first.user.setText(USER)
                first.secret.edit.setText(PASSWORD)
                first.repeated.edit.setText(PASSWORD)
                first.action.click()

    def open_new_patient(self, mrn: str = "A-1") -> None:
        """Ctrl+N, a number, Enter; waits for the patient's page."""
        self.window.patients.new.click()
        form = self.window.form
        assert form is not None
        form.mrn.setText(mrn)
        with self.qtbot.waitSignal(self.desk.patients.file_opened, timeout=WAIT):
            form.save.click()

    def add(self, *paths: Path) -> list[IncomingRow]:
        """Drop files on the patient's page."""
        self.window.patient.incoming.add_paths(list(paths))
        return self.window.patient.incoming.rows

    def screen(self) -> None:
        """Press the button and wait until the batch has ended and the file is shown again."""
        self.window.patient.incoming.start.click()
        self.wait_idle()

    def wait_idle(self) -> None:
        """Nothing is at work, and what it led to is on the screen."""
        self.qtbot.waitUntil(lambda: not self.desk.screening.is_busy, timeout=WAIT)
        self.settle()

    def settle(self) -> None:
        """Wait until every query that was asked for has been answered."""
        busy = (self.desk.background, self.desk.backup, self.desk.notice_settings)
        self.qtbot.waitUntil(lambda: all(one.is_idle for one in busy), timeout=WAIT)

    def close(self) -> None:
        """End the threads, as the program does after the window has closed."""
        if not self._closed:
            self._closed = True
            self.window.hide()
            self.desk.shut_down()
            self.window.deleteLater()
            # What the threads said last must not reach the next test.
            self.settle()
