"""Services ready to use, on one home folder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from drscreen.adapters.system import paths
from drscreen.adapters.system.clock import SystemClock
from drscreen.bootstrap.networks import InstalledNetworks
from drscreen.domain.cancel import CancelToken
from drscreen.domain.image import InputSpec, RgbImage
from drscreen.domain.unclean_end import ProgramKind

#: The size at which people look at an overlay.
OVERLAY_VIEW = InputSpec(720, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))

if TYPE_CHECKING:
    from drscreen.adapters.imaging.decoder_process import DecoderProcess
    from drscreen.adapters.store.benchmark import StoreMeasured
    from drscreen.adapters.system.logging import Log
    from drscreen.adapters.system.running import RunningProgram
    from drscreen.domain.explanation import Explanation
    from drscreen.domain.notice_ports import Notifiers
    from drscreen.domain.ports import (
        Backups,
        PhotographReader,
        Predictor,
        SettingsFile,
    )
    from drscreen.domain.store_ports import OpenStore
    from drscreen.domain.unclean_end import UncleanEnd
    from drscreen.services.accounts import AccountsService
    from drscreen.services.announcing import Announcer
    from drscreen.services.audit import AuditService
    from drscreen.services.backup import BackupService
    from drscreen.services.delivery import DeliveryService
    from drscreen.services.integrity import IntegrityService
    from drscreen.services.networks import NetworksService
    from drscreen.services.notice_settings import NoticeSettingsService
    from drscreen.services.outbox import OutboxService
    from drscreen.services.patient_data import PatientDataService
    from drscreen.services.records import RecordsService
    from drscreen.services.screening import ScreeningService, UnrecordedScreening
    from drscreen.services.staff import StaffService


class Workstation(InstalledNetworks):
    """drscreen on one home folder: hands out services ready to use. Any thread."""

    def __init__(self, home: Path | None = None) -> None:
        self.home = paths.home(home)
        self.clock = SystemClock()

    @property
    def resources(self) -> Path:
        """Icons, styles, samples."""
        return paths.resources()

    def demonstration(self) -> Workstation:
        """The demonstration clinic's workstation, apart from the real records."""
        return Workstation(paths.demonstration_home(self.home))

    @cached_property
    def settings(self) -> SettingsFile:
        """This machine's settings."""
        from drscreen.adapters.system.settings_file import JsonSettingsFile

        return JsonSettingsFile(self.home / "settings.json")

    @cached_property
    def accounts(self) -> AccountsService:
        """First start and sign-in."""
        from drscreen.adapters.store.store import SqlCipherStore
        from drscreen.adapters.system.password_strength import weakness
        from drscreen.services.accounts import AccountsService

        store = SqlCipherStore(self.home, machine=paths.machine_state())
        return AccountsService(store, weakness)

    def staff(self, store: OpenStore) -> StaffService:
        """Accounts and the recovery code of an open store."""
        from drscreen.adapters.system.password_strength import weakness
        from drscreen.services.staff import StaffService

        return StaffService(store, weakness)

    def records(self, store: OpenStore) -> RecordsService:
        """Patients and their exams in an open store."""
        from drscreen.adapters.notify.addresses import PhoneAndMail
        from drscreen.services.records import RecordsService

        return RecordsService(store, self.clock, PhoneAndMail())

    def audit(self, store: OpenStore) -> AuditService:
        """Who did what in an open store."""
        from drscreen.services.audit import AuditService

        return AuditService(store)

    def integrity(self, store: OpenStore) -> IntegrityService:
        """A look at everything that a clinic relies on."""
        from drscreen.services.integrity import IntegrityService

        return IntegrityService(store, self.clock, self.network_findings)

    def backup(self, store: OpenStore) -> BackupService:
        """Backups of an open store."""
        from drscreen.services.backup import BackupService

        return BackupService(store, self.clock)

    def patient_data(self, store: OpenStore) -> PatientDataService:
        """Export and erasure of one patient."""
        from drscreen.adapters.report.patient_pdf import PdfPatientReport
        from drscreen.services.patient_data import PatientDataService

        report = PdfPatientReport(self.resources / "fonts")
        return PatientDataService(store, self.clock, report, self.reader())

    def backups(self, folder: Path) -> Backups:
        """The backups in a folder."""
        from drscreen.adapters.store.shelf import Shelf

        return Shelf(folder)

    @staticmethod
    def measure_store(home: Path, patients: int, events: int, repeats: int) -> StoreMeasured:
        """How quick the store is with an invented crowd in it; minutes, gigabytes in `home`."""
        from drscreen.adapters.store.benchmark import measure_store

        return measure_store(home, patients=patients, events=events, repeats=repeats)

    @cached_property
    def log(self) -> Log:
        """What happened in the program, without anybody's data."""
        from drscreen.adapters.system.logging import Log

        return Log(self.home / "logs")

    def mark_running(self, kind: ProgramKind) -> RunningProgram:
        """Mark this program as running, and keep the trace of a crash. End it as the last thing."""
        from drscreen.adapters.system.running import RunningProgram

        return RunningProgram(self.log, kind)

    def unclean_ends(self, kind: ProgramKind) -> list[UncleanEnd]:
        """How programs ended that nobody closed, each told once and then in the log. A window is
        told to the next window only; whoever asks hears of commands too.
        """
        from drscreen.adapters.system.running import told_and_removed

        return told_and_removed(self.log, {kind, ProgramKind.COMMAND})

    def write_support_bundle(self, path: Path, selftest: Sequence[str]) -> None:
        """Versions, a self-test's lines and the logs as a zip. Raises `OSError`."""
        from drscreen.adapters.system.support import write_bundle

        write_bundle(path, self.log, selftest)

    @cached_property
    def notifiers(self) -> Notifiers:
        """Installed notifier plugins; they are loaded when one is asked."""
        from drscreen.adapters.notify.host import InstalledNotifiers

        return InstalledNotifiers()

    def networks(self, store: OpenStore) -> NetworksService:
        """Consents to unsigned networks in an open store."""
        from drscreen.services.networks import NetworksService

        return NetworksService(store)

    @cached_property
    def _decoder(self) -> DecoderProcess:
        from drscreen.adapters.imaging.decoder_process import DecoderProcess

        return DecoderProcess()

    def reader(self) -> PhotographReader:
        """Decoding in a process of its own, the same for all who ask here; and preprocessing."""
        return self._decoder

    def start_decoder(self) -> None:
        """Begin to start that process behind other work, for whoever will decode soon."""
        self._decoder.start()

    def pixels(
        self, data: bytes, cancel: CancelToken | None = None, side: int | None = None
    ) -> RgbImage:
        """A photograph's file for the screen, see `PhotographReader.whole`."""
        return self.reader().whole(data, cancel, side)

    def screening(
        self,
        predictor: Predictor,
        store: OpenStore,
    ) -> ScreeningService:
        """Screening for whoever opened the store, around a loaded network."""
        from drscreen.services.screening import ScreeningService

        return ScreeningService(
            self.reader(),
            self.quality_gate(),
            predictor,
            self.clock,
            store,
            announcer=self.announcer(store),
        )

    def unrecorded_screening(
        self,
        predictor: Predictor,
        reader: PhotographReader | None = None,
        *,
        unsigned_allowed_by: str = "",
    ) -> UnrecordedScreening:
        """Screening that records nothing, around a loaded network.

        `reader` reads photographs that are no files of their own. `unsigned_allowed_by` answers,
        by name, for a network that nobody signed.
        """
        from drscreen.services.screening import UnrecordedScreening

        return UnrecordedScreening(
            reader or self.reader(),
            self.quality_gate(),
            predictor,
            self.clock,
            unsigned_allowed_by=unsigned_allowed_by,
        )

    def announcer(self, store: OpenStore) -> Announcer:
        """What composes notices to the patients of an open store."""
        from drscreen.adapters.notify.addresses import PhoneAndMail
        from drscreen.adapters.system.notice_texts import read_texts
        from drscreen.services.announcing import Announcer

        texts = read_texts(self.resources / "notices")
        return Announcer(PhoneAndMail(), texts, store.clinic)

    def outbox(self, store: OpenStore) -> OutboxService:
        """What patients of an open store are told."""
        from drscreen.services.outbox import OutboxService

        return OutboxService(store, self.clock, self.announcer(store))

    def notice_settings(self, store: OpenStore) -> NoticeSettingsService:
        """Policy, words and notifiers of an open store."""
        from drscreen.services.notice_settings import NoticeSettingsService

        return NoticeSettingsService(store, self.clock, self.notifiers, self.announcer(store))

    def delivery(self, store: OpenStore) -> DeliveryService:
        """What sends the queued notices of an open store."""
        from drscreen.services.delivery import DeliveryService

        return DeliveryService(store, self.clock, self.notifiers, self.announcer(store))

    def write_overlay(self, photograph: Path, explanation: Explanation, file: Path) -> None:
        """Draw what a network looked at beside the photograph, as PNG. Raises a `PhotographError`
        or `OSError`.
        """
        from drscreen.adapters.imaging.overlay import draw_overlay, write_png

        reader = self.reader()
        decoded = reader.decode(reader.read(photograph))
        square = reader.prepare(decoded.image, OVERLAY_VIEW)
        write_png(draw_overlay(square, explanation), file)
