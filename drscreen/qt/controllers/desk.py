"""All controllers and the models they share, made once and handed to the window together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Slot

from drscreen.domain.errors import AccountRemoved
from drscreen.domain.permissions import Action
from drscreen.domain.ports import SettingsFile
from drscreen.domain.settings import Settings
from drscreen.domain.store_ports import OpenStore
from drscreen.qt.background import Background
from drscreen.qt.controllers.backup import BackupController, BackupFactory
from drscreen.qt.controllers.departure import DepartureController
from drscreen.qt.controllers.idle import IdleController
from drscreen.qt.controllers.notice_settings import NoticeSettingsController
from drscreen.qt.controllers.outbox import OutboxController
from drscreen.qt.controllers.patients import PatientsController
from drscreen.qt.controllers.pictures import PictureController, Pixels
from drscreen.qt.controllers.screening import ScreeningController
from drscreen.qt.controllers.session import (
    AccountsFactory,
    RecordsFactory,
    Session,
    SessionController,
    StaffFactory,
)
from drscreen.qt.controllers.settings import SettingsController
from drscreen.qt.controllers.staff import StaffController
from drscreen.qt.failure import Failure
from drscreen.qt.models.patients_table import PatientsTableModel
from drscreen.qt.worker import PredictorFactory, ScreeningFactory
from drscreen.services.delivery import DeliveryService
from drscreen.services.notice_settings import NoticeSettingsService
from drscreen.services.outbox import OutboxService
from drscreen.services.staff import IDLE_MINUTES_MAX


@dataclass(frozen=True, slots=True)
class Outside:
    """What the window needs from outside; none of it is called before the first paint.

    `accounts`, `records` and `networks` are called on the background thread, `predictor` and
    `screening` on the worker's. `drawings` marks everything screened as a drawing. `pixels` reads
    recorded photographs for the screen, on the background thread.
    """

    accounts: AccountsFactory
    records: RecordsFactory
    staff: StaffFactory
    predictor: PredictorFactory
    screening: ScreeningFactory
    settings: SettingsFile
    networks: Callable[[], list[str]]
    backup: BackupFactory
    outbox: Callable[[OpenStore], OutboxService]
    delivery: Callable[[OpenStore], DeliveryService]
    notice_settings: Callable[[OpenStore], NoticeSettingsService]
    drawings: bool = False
    pixels: Pixels | None = None


class Desk(QObject):
    """Keeps every controller on the records of whoever is signed in, and on nobody else's."""

    def __init__(self, outside: Outside) -> None:
        super().__init__()
        self.background = Background()
        self._asks_store = False
        self.outbox = OutboxController(outside.outbox, outside.delivery, self.background)
        self.session = SessionController(
            outside.accounts, outside.records, outside.staff, self.background, self.outbox.close
        )
        self.patients = PatientsController(self.background)
        self.pictures = PictureController(self.background, outside.pixels)
        self.screening = ScreeningController(
            outside.predictor, outside.screening, drawings=outside.drawings
        )
        self.settings = SettingsController(outside.settings, outside.networks, self.background)
        self.departure = DepartureController(self.session, self.screening)
        self.staff = StaffController(self.background)
        self.idle = IdleController()
        self.backup = BackupController(outside.backup)
        self.notice_settings = NoticeSettingsController(outside.notice_settings, self.background)
        self.table = PatientsTableModel(self.background)
        # Connected before any view is: a view that hears of a sign-in finds the records in place.
        self.session.signed_in.connect(self._on_signed_in)
        self.session.signed_out.connect(self._on_signed_out)
        self.settings.network_changed.connect(self._on_network_chosen)
        self.screening.image_graded.connect(self.outbox.wake)
        self.notice_settings.settings_changed.connect(self.outbox.wake)
        self.staff.minutes_known.connect(self.idle.watch)
        self.idle.idled.connect(self.departure.on_lock_wanted)
        for hears in (self.background, self.outbox, self.backup):
            hears.account_removed.connect(self._on_account_removed)

    @Slot()
    def start(self) -> None:
        """Look for the records and load the network; called once the window is visible."""
        self.session.start()
        self._on_network_chosen(self.settings.settings)

    def shut_down(self) -> None:
        """End the worker, close the store behind its last query, wait for both."""
        self.screening.shut_down()
        self.backup.shut_down()
        self.notice_settings.shut_down()
        self.session.sign_out()
        self.background.finish()
        self.outbox.shut_down()

    @Slot(object)
    def _on_signed_in(self, session: Session) -> None:
        self.idle.watch(IDLE_MINUTES_MAX)  # until it is known what the clinic wants
        self.patients.use(session.records)
        self.pictures.use(session.records)
        self.screening.use(session.store)
        self.table.use(session.records.search)
        self.staff.use(session)
        self.backup.use(session)
        self.notice_settings.use(session)
        self.outbox.use(session)

    @Slot()
    def _on_signed_out(self) -> None:
        self.patients.use(None)
        self.pictures.use(None)
        self.screening.use(None)
        self.table.use(None)
        self.staff.use(None)
        self.backup.use(None)
        self.notice_settings.use(None)
        self.outbox.use(None)
        self.idle.watch(0)

    @Slot()
    def _on_account_removed(self) -> None:
        """Lock, unless that was an earlier session's account: the store knows whose it is."""
        session = self.session.session
        if session is None or self._asks_store:
            return
        self._asks_store = True
        self.background.run(
            lambda: session.store.require(Action.SEE_OWN_SESSION),
            self._on_still_there,
            self._on_refused,
        )

    def _on_still_there(self, _nothing: None) -> None:
        self._asks_store = False

    def _on_refused(self, failure: Failure) -> None:
        self._asks_store = False
        if failure.code == AccountRemoved.code and self.session.session is not None:
            self.departure.on_lock_wanted()
            self.session.tell(failure)

    @Slot(object)
    def _on_network_chosen(self, settings: Settings) -> None:
        self.screening.load_network(settings.model, settings.device)
