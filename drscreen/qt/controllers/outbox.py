"""The outbox of whoever is signed in: delivery on its own thread, and what people ask of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtNetwork import QNetworkInformation

from drscreen.domain.errors import AccountRemoved
from drscreen.domain.notice import Notice, NoticeState, Purpose
from drscreen.domain.opt_out import OptOut, Wish
from drscreen.domain.patient import Channel
from drscreen.domain.store_ports import OpenStore
from drscreen.qt.background import Background
from drscreen.qt.controllers.session import Session, heard_in_session
from drscreen.qt.failure import Failure
from drscreen.qt.models.outbox_table import OutboxSource, OutboxTableModel
from drscreen.qt.postman import DeliveryFactory, Postman, Round
from drscreen.services.delivery import Sender
from drscreen.services.outbox import OutboxPage, OutboxService

OutboxFactory = Callable[[OpenStore], OutboxService]
_Answer = TypeVar("_Answer")

#: Many steps in a row are shown as one change.
REFRESH_PAUSE_MS = 300
#: As many of a patient's notices as a line has room for.
_TOLD = 3


class OutboxController(QObject):
    """Every answer is a signal on the GUI thread. Signing out ends delivery behind its step.

    `changed`: the outbox is not as it was. `told` carries a patient's number and newest notices,
    `opted_out` before it where they asked for none.
    """

    changed = Signal()
    counts_changed = Signal(object)
    senders_changed = Signal(object)
    account_removed = Signal()
    delivery_failed = Signal(object)
    failed = Signal(object)
    asked = Signal(int)
    told = Signal(str, object)
    opted_out = Signal(str, object)
    written_again = Signal(str)
    write_again_failed = Signal(object)
    reminded = Signal(object)
    remind_failed = Signal(object)
    _round_ended = Signal(object)

    def __init__(
        self, outbox: OutboxFactory, delivery: DeliveryFactory, background: Background
    ) -> None:
        super().__init__()
        self._outbox = outbox
        self._delivery = delivery
        self._background = background
        self.table = OutboxTableModel(background, self)
        self._session: Session | None = None
        # Made on the background thread, because making it loads the tables of numbers.
        self._service: Callable[[], OutboxService] | None = None
        self._postman: Postman | None = None
        self._leaving: list[Postman] = []
        self._senders: tuple[Sender, ...] = ()
        self._counts: Mapping[NoticeState, int] = {}
        self._network: QNetworkInformation | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(REFRESH_PAUSE_MS)
        self._pause.timeout.connect(self.refresh)
        self.table.loaded.connect(self._on_loaded)
        self._round_ended.connect(self._on_round_ended)

    @property
    def senders(self) -> tuple[Sender, ...]:
        """What serves each channel, as delivery saw it last; empty before it looked."""
        return self._senders

    @property
    def counts(self) -> Mapping[NoticeState, int]:
        """How many notices are in each state, as last heard."""
        return self._counts

    def use(self, session: Session | None) -> None:
        """Deliver and show this session's notices from now on; None when nobody is signed in."""
        self._pause.stop()
        if self._postman is not None:
            self._postman.stop()
        self._leaving = [postman for postman in self._leaving if not postman.is_over]
        self._session = session
        self._service = _made_once(self._outbox, session.store) if session else None
        self._postman = None
        self.table.use(_pages(self._service) if self._service else None)
        self._show_counts({})
        self._show_senders(())
        if session is not None:
            self._watch_network()
            self._postman = Postman(session.store, self._delivery, self._report)
            self._leaving.append(self._postman)
            self._postman.start()
            self.table.refresh()

    def close(self, store: OpenStore) -> None:
        """Close a session's store behind the step that may be at work in it. Any thread."""
        for postman in tuple(self._leaving):
            if postman.store is store:
                postman.close_store()
                return
        store.close()

    def shut_down(self) -> None:
        """End delivery and wait for the step at work."""
        self.use(None)
        for postman in self._leaving:
            postman.join()

    @Slot()
    def wake(self) -> None:
        """Something was queued, or settings changed: delivery looks at once."""
        if self._postman is not None:
            self._postman.wake()
            self._pause.start()

    @Slot()
    def refresh(self) -> None:
        """Read again what is shown."""
        self.table.refresh()
        self.changed.emit()

    def retry(self, notice_id: str) -> None:
        """Send a notice after all."""
        self._act(lambda service: service.retry(notice_id))

    def cancel(self, notice_id: str) -> None:
        """Let a notice rest for good."""
        self._act(lambda service: service.cancel(notice_id))

    def ask_now(self) -> None:
        """Have the services asked about all that is on its way; `asked` says how many."""
        service = self._service
        if service is not None:
            self._background.run(
                lambda: service().ask_now(),
                self._answer(self._on_asked),
                self._answer(self.failed.emit),
            )

    def remind(self, mrn: str, purpose: Purpose, appointment: str) -> None:
        """Queue a reminder; `reminded` carries the notice, whose state may say that it stays."""
        service = self._service
        if service is not None:
            self._background.run(
                lambda: service().remind(mrn, purpose, appointment),
                self._answer(self._on_reminded),
                self._answer(self.remind_failed.emit),
            )

    def tell(self, mrn: str) -> None:
        """Find out what a patient was told; `opted_out` and `told` answer."""
        service = self._service
        if service is not None:
            self._background.run(
                lambda: (service().opted_out(mrn), service().of_patient(mrn, _TOLD)),
                self._answer(lambda answer: self._on_told(mrn, *answer)),
                self._answer(self.failed.emit),
            )

    def write_again(self, mrn: str, channel: Channel, wish: Wish) -> None:
        """A patient wants messages again; `written_again` answers with their number."""
        service = self._service
        if service is not None:
            self._background.run(
                lambda: service().write_again(mrn, channel, wish),
                self._answer(lambda _: self._on_written_again(mrn)),
                self._answer(self.write_again_failed.emit),
            )

    def _act(self, act: Callable[[OutboxService], Notice]) -> None:
        service = self._service
        if service is not None:
            self._background.run(
                lambda: act(service()),
                self._answer(self._on_acted),
                self._answer(self._on_refused),
            )

    def _on_told(self, mrn: str, stopped: tuple[OptOut, ...], notices: tuple[Notice, ...]) -> None:
        self.opted_out.emit(mrn, stopped)
        self.told.emit(mrn, notices)

    def _on_written_again(self, mrn: str) -> None:
        self.written_again.emit(mrn)
        self.refresh()

    def _on_acted(self, _notice: Notice) -> None:
        self.refresh()
        self.wake()

    def _on_refused(self, failure: Failure) -> None:
        """What is shown was not so any more."""
        self.refresh()
        self.failed.emit(failure)

    def _on_asked(self, number: int) -> None:
        self.asked.emit(number)
        self.wake()

    def _on_reminded(self, notice: Notice) -> None:
        self.reminded.emit(notice)
        self._on_acted(notice)

    def _report(self, ended: Round) -> None:
        """The delivery's thread."""
        self._round_ended.emit(ended)

    @Slot(object)
    def _on_round_ended(self, ended: Round) -> None:
        if self._session is None or ended.store is not self._session.store:
            return
        if ended.failure is not None:
            self.delivery_failed.emit(ended.failure)
            if ended.failure.code == AccountRemoved.code:
                self.account_removed.emit()
            if ended.fault is not None:
                raise ended.fault
            return
        self._show_senders(ended.senders)
        if ended.did and not self._pause.isActive():
            self._pause.start()

    @Slot(object)
    def _on_loaded(self, page: OutboxPage) -> None:
        self._show_counts(page.counts)

    @Slot(QNetworkInformation.Reachability)
    def on_reachability_changed(self, reachability: QNetworkInformation.Reachability) -> None:
        """The connection came back: do not wait for the next try."""
        if reachability is not QNetworkInformation.Reachability.Disconnected:
            self.wake()

    def _watch_network(self) -> None:
        """Where Qt finds nothing that knows, delivery tries again by itself every half minute."""
        if self._network is None and QNetworkInformation.loadDefaultBackend():
            self._network = QNetworkInformation.instance()
            if self._network is not None:
                self._network.reachabilityChanged.connect(self.on_reachability_changed)

    def _show_counts(self, counts: Mapping[NoticeState, int]) -> None:
        self._counts = counts
        self.counts_changed.emit(counts)

    def _show_senders(self, senders: tuple[Sender, ...]) -> None:
        if senders != self._senders:
            self._senders = senders
            self.senders_changed.emit(senders)

    def _answer(self, answer: Callable[[_Answer], None]) -> Callable[[_Answer], None]:
        return heard_in_session(lambda: self._session, answer)


def _made_once(make: OutboxFactory, store: OpenStore) -> Callable[[], OutboxService]:
    return cache(lambda: make(store))


def _pages(service: Callable[[], OutboxService]) -> OutboxSource:
    def page(states: Collection[NoticeState], offset: int, limit: int) -> OutboxPage:
        return service().page(states, offset, limit)

    return page
