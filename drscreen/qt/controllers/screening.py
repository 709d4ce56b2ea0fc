"""Photographs on their way: what was dropped, which eye, and the worker that grades them."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, Signal, Slot

from drscreen.domain.cancel import CancelToken
from drscreen.domain.errors import NoPhotographs
from drscreen.domain.image import Laterality
from drscreen.domain.photograph_files import FoundPhotograph, is_folder, photographs_among
from drscreen.domain.screening import PredictorSpec, SaveTo, ScreeningRequest
from drscreen.domain.settings import DeviceChoice
from drscreen.domain.store_ports import OpenStore
from drscreen.domain.users import User
from drscreen.qt.background import Background
from drscreen.qt.controllers.incoming import Batch, Graded, Incoming, NetworkState, State
from drscreen.qt.controllers.laterality import proposed_eye
from drscreen.qt.failure import Failure
from drscreen.qt.worker import (
    InferenceWorker,
    JobCancelled,
    JobFailed,
    JobFinished,
    JobProgress,
    LoadNetwork,
    PredictorFactory,
    ScreeningFactory,
    ScreenJob,
)

#: How long the window waits for a folder to be looked through before it goes on without it.
GATHERED_AT_ONCE_MS = 200


class ScreeningController(QObject):
    """Owns the worker and its thread, and feeds it one photograph at a time.

    The rest of a batch waits here and not in the worker's event queue, so that cancelling ends it
    at once. All signals are emitted on the GUI thread.
    """

    network_changed = Signal(object)
    incoming_added = Signal(object)
    incoming_changed = Signal(object)
    incoming_removed = Signal(int)
    gathering_failed = Signal(object)
    batch_changed = Signal(object)
    image_graded = Signal(object)
    became_idle = Signal()

    _load_requested = Signal(object)
    _screen_requested = Signal(object)

    def __init__(
        self, load: PredictorFactory, screening: ScreeningFactory, *, drawings: bool = False
    ) -> None:
        """`drawings` marks everything that is screened as a drawing (the demonstration clinic)."""
        super().__init__()
        self._drawings = drawings
        self._store: OpenStore | None = None
        self._owner: User | None = None
        self._held: set[int] = set()
        self._network = NetworkState()
        self._items: dict[int, Incoming] = {}
        self._last_id = 0
        self._running: int | None = None
        self._token = CancelToken()
        self._load_token = CancelToken()
        self._batch = Batch()
        self._batch_started = 0.0
        self._gathering = Background(self)
        self._thread = QThread()
        self._thread.setObjectName("inference")
        self._worker = InferenceWorker(load, screening)
        self._worker.moveToThread(self._thread)
        self._load_requested.connect(self._worker.on_load_requested)
        self._screen_requested.connect(self._worker.on_screen_requested)
        self._worker.network_ready.connect(self._on_network_ready)
        self._worker.network_failed.connect(self._on_network_failed)
        self._worker.job_progressed.connect(self._on_progressed)
        self._worker.job_finished.connect(self._on_finished)
        self._worker.job_failed.connect(self._on_failed)
        self._worker.job_cancelled.connect(self._on_cancelled)
        self._thread.start()

    # --- what the views read ---------------------------------------------------------------

    @property
    def network(self) -> NetworkState:
        """Loading, ready or failed."""
        return self._network

    @property
    def batch(self) -> Batch:
        """How far the present batch is."""
        return self._batch

    @property
    def is_busy(self) -> bool:
        """Whether a photograph is being worked on."""
        return self._running is not None

    def items(self, mrn: str) -> list[Incoming]:
        """The files that were added for a patient, in order."""
        return [item for item in self._items.values() if item.mrn == mrn]

    def all_items(self) -> list[Incoming]:
        """The files that were added for any patient."""
        return list(self._items.values())

    # --- what people do --------------------------------------------------------------------

    def use(self, store: OpenStore | None) -> None:
        """Record into this store from now on; what was added by another person is dropped."""
        self._store = store
        if store is None:
            return
        if store.user != self._owner:
            for item in list(self._items.values()):
                self._drop(item)
        self._owner = store.user
        for item in list(self._items.values()):
            if item.id in self._held:
                self._change(replace(item, state=State.STAGED))
        self._held.clear()

    def load_network(self, model: str, device: DeviceChoice) -> None:
        """Load a network behind the window; the newest order wins."""
        self._load_token.cancel()
        self._load_token = CancelToken()
        self._network = NetworkState()
        self.network_changed.emit(self._network)
        self._load_requested.emit(LoadNetwork(model, device, self._load_token))

    def add_files(self, mrn: str, paths: list[Path]) -> None:
        """Stage files for a patient, and the photographs in folders and below; nothing is read
        before the eye is known.

        Folders are looked through behind the window: what is not found at once is staged when it
        is. `gathering_failed` says so where there is nothing.
        """
        if not any(map(is_folder, paths)):
            try:
                self._stage(mrn, _gathered(paths))
            except NoPhotographs as error:
                self.gathering_failed.emit(Failure.of(error))
            return
        store = self._store

        def found(photographs: list[FoundPhotograph]) -> None:
            if self._store is store:
                self._stage(mrn, photographs)

        self._gathering.run(lambda: _gathered(paths), found, self._on_gathering_failed)
        self._gathering.hear_soon(GATHERED_AT_ONCE_MS)

    def set_eye(self, item_id: int, eye: Laterality) -> None:
        """Say which eye a staged file shows."""
        item = self._items[item_id]
        if item.state is State.STAGED:
            # What was said of the other eye is not said of this one.
            self._change(replace(item, eye=eye, again=item.again and item.eye is eye))

    def remove(self, item_id: int) -> None:
        """Take a file off the list; one that is being worked on stays until it has ended."""
        item = self._items.get(item_id)
        if item is not None and item.state is not State.WORKING:
            self._drop(item)
            self._tell_batch()

    def retry(self, item_id: int) -> None:
        """Put a file that failed or was cancelled back among the staged ones; one that is recorded
        for somebody else is then recorded here as well.
        """
        item = self._items[item_id]
        if item.state in (State.FAILED, State.CANCELLED):
            again = item.again or item.is_recorded_elsewhere
            self._change(replace(item, state=State.STAGED, failure=None, again=again))

    def start(self, mrn: str) -> None:
        """Screen every staged file of the patient whose eye is known, one by one."""
        chosen = [i for i in self.items(mrn) if i.state is State.STAGED and i.eye is not None]
        if self._store is None or not chosen:
            return
        if self._running is None:
            self._token = CancelToken()
            self._batch = Batch()
            self._batch_started = time.monotonic()
        for item in chosen:
            self._change(replace(item, state=State.QUEUED))
        self._batch = replace(self._batch, total=self._batch.total + len(chosen))
        self._next()

    def cancel(self) -> None:
        """End the photograph at work at its next stage, and the rest of the batch at once."""
        self._token.cancel()
        for item in list(self._items.values()):
            if item.state is State.QUEUED:
                self._change(replace(item, state=State.CANCELLED))

    def hold(self) -> None:
        """The window locks: end the photograph at work at its next stage and keep the rest, to be
        staged again for the same person.
        """
        at_work = (State.QUEUED, State.WORKING)
        self._held = {item.id for item in self._items.values() if item.state in at_work}
        self.cancel()

    def shut_down(self) -> None:
        """Cancel, end the thread and wait for it. The network's import cannot be interrupted."""
        self._load_token.cancel()
        self.cancel()
        self._thread.quit()
        self._thread.wait()
        self._gathering.finish()
        # How the last job ended is still in the queue of this thread: hear it before going on.
        QCoreApplication.sendPostedEvents(self, QEvent.Type.MetaCall)

    def _stage(self, mrn: str, photographs: list[FoundPhotograph]) -> None:
        for item in self.items(mrn):
            if item.state is State.DONE:
                self._drop(item)
        for found in photographs:
            self._last_id += 1
            eye = proposed_eye(found.path.stem) or found.eye
            item = Incoming(self._last_id, found.path, mrn, eye)
            self._items[item.id] = item
            self.incoming_added.emit(item)

    def _on_gathering_failed(self, failure: Failure) -> None:
        self.gathering_failed.emit(failure)

    # --- what the worker says --------------------------------------------------------------

    @Slot(object)
    def _on_network_ready(self, spec: PredictorSpec) -> None:
        self._network = NetworkState(spec=spec)
        self.network_changed.emit(self._network)

    @Slot(object)
    def _on_network_failed(self, failure: Failure) -> None:
        self._network = NetworkState(failure=failure)
        self.network_changed.emit(self._network)

    @Slot(object)
    def _on_progressed(self, progress: JobProgress) -> None:
        item = self._items[progress.id]
        self._change(replace(item, stage=progress.stage, fraction=progress.fraction))
        self._tell_batch()

    @Slot(object)
    def _on_finished(self, end: JobFinished) -> None:
        self._held.discard(end.id)
        item = replace(self._items[end.id], state=State.DONE, fraction=1.0, result=end.result)
        self._end(item)
        self.image_graded.emit(Graded(item.mrn, end.result))
        self._next()

    @Slot(object)
    def _on_failed(self, end: JobFailed) -> None:
        self._held.discard(end.id)
        self._end(replace(self._items[end.id], state=State.FAILED, failure=end.failure))
        self._next()

    @Slot(object)
    def _on_cancelled(self, end: JobCancelled) -> None:
        self._end(replace(self._items[end.id], state=State.CANCELLED))
        self._next()

    # --- the queue -------------------------------------------------------------------------

    def _next(self) -> None:
        if self._running is not None:
            self._tell_batch()
            return
        waiting = next((i for i in self._items.values() if i.state is State.QUEUED), None)
        if waiting is None or waiting.eye is None or self._store is None:
            self._tell_batch()
            self.became_idle.emit()
            return
        self._running = waiting.id
        self._change(replace(waiting, state=State.WORKING))
        target = SaveTo(waiting.mrn, waiting.eye)
        request = ScreeningRequest(waiting.path, target, self._token, again=waiting.again)
        self._screen_requested.emit(
            ScreenJob(waiting.id, request, self._store, is_drawing=self._drawings)
        )
        self._tell_batch()

    def _end(self, item: Incoming) -> None:
        self._running = None
        self._batch = replace(self._batch, ended=self._batch.ended + 1)
        self._change(item)

    def _tell_batch(self) -> None:
        queued = sum(i.state in (State.QUEUED, State.WORKING) for i in self._items.values())
        ended = self._batch.ended
        left = (time.monotonic() - self._batch_started) / ended * queued if ended else None
        self._batch = replace(self._batch, total=ended + queued, seconds_left=left)
        self.batch_changed.emit(self._batch)

    def _change(self, item: Incoming) -> None:
        self._items[item.id] = item
        self.incoming_changed.emit(item)

    def _drop(self, item: Incoming) -> None:
        del self._items[item.id]
        self.incoming_removed.emit(item.id)


def _gathered(paths: list[Path]) -> list[FoundPhotograph]:
    found = photographs_among(paths)
    if not found:
        raise NoPhotographs("There are no photographs there, nor in the folders below.")
    return found
