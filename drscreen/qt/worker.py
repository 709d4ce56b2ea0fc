"""The one long-lived worker that owns the network, on a thread of its own.

Frozen messages in, frozen messages out. Every job ends in exactly one of `job_finished`,
`job_failed` and `job_cancelled`. Cancelling is a flag in the request, because a queued signal
would arrive only after the busy slot has ended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Signal, Slot

from drscreen.domain.cancel import CancelToken
from drscreen.domain.errors import Cancelled, DrscreenError
from drscreen.domain.ports import Predictor
from drscreen.domain.screening import ScreeningRequest, ScreeningResult, Stage
from drscreen.domain.settings import DeviceChoice
from drscreen.domain.store_ports import OpenStore
from drscreen.qt.failure import Failure
from drscreen.services.screening import ScreeningService

PredictorFactory = Callable[[str, DeviceChoice], Predictor]
ScreeningFactory = Callable[[Predictor, OpenStore], ScreeningService]


@dataclass(frozen=True, slots=True)
class LoadNetwork:
    """Load the bundle named `model` (empty: the best installed) onto a device."""

    model: str
    device: DeviceChoice
    cancel: CancelToken = field(default_factory=CancelToken, compare=False)


@dataclass(frozen=True, slots=True)
class ScreenJob:
    """One photograph to screen into `store`. `id` comes back in every message about it."""

    id: int
    request: ScreeningRequest
    store: OpenStore
    is_drawing: bool = False


@dataclass(frozen=True, slots=True)
class JobProgress:
    """A stage begins; `fraction` of the stages, 0 to 1, lies behind."""

    id: int
    stage: Stage
    fraction: float


@dataclass(frozen=True, slots=True)
class JobFinished:
    """The photograph was screened and recorded."""

    id: int
    result: ScreeningResult


@dataclass(frozen=True, slots=True)
class JobFailed:
    """The photograph could not be screened; nothing was recorded."""

    id: int
    failure: Failure


@dataclass(frozen=True, slots=True)
class JobCancelled:
    """The person asked for the job to end; nothing was recorded."""

    id: int


JobEnd = JobFinished | JobFailed | JobCancelled
_STAGES = tuple(Stage)


class InferenceWorker(QObject):
    """Lives on the worker thread from `moveToThread` on; its slots run there alone.

    `load` and `screening` are called on that thread, so torch is imported behind the window.
    """

    network_ready = Signal(object)
    network_failed = Signal(object)
    job_progressed = Signal(object)
    job_finished = Signal(object)
    job_failed = Signal(object)
    job_cancelled = Signal(object)

    def __init__(self, load: PredictorFactory, screening: ScreeningFactory) -> None:
        super().__init__()
        self._load = load
        self._screening = screening
        self._predictor: Predictor | None = None
        self._no_network = Failure("network_missing", self.tr("The network is not loaded."))

    @Slot(object)
    def on_load_requested(self, order: LoadNetwork) -> None:
        """Replace the network. The old one is given up first: two may not fit into memory."""
        self._predictor = None
        if order.cancel.cancelled:
            return
        try:
            predictor = self._load(order.model, order.device)
            spec = predictor.spec
        except DrscreenError as error:
            self._fail_network(Failure.of(error))
        except Exception as error:  # noqa: BLE001 - the thread's outermost boundary
            self._fail_network(Failure.unexpected(error))
        else:
            self._predictor = predictor
            self.network_ready.emit(spec)

    @Slot(object)
    def on_screen_requested(self, job: ScreenJob) -> None:
        """Screen one photograph and say how it ended, once."""
        self._announce(self._ended(job))

    def _ended(self, job: ScreenJob) -> JobEnd:
        if job.request.cancel.cancelled:
            return JobCancelled(job.id)
        if self._predictor is None:
            return JobFailed(job.id, self._no_network)

        def progress(stage: Stage) -> None:
            self._progress(JobProgress(job.id, stage, _STAGES.index(stage) / len(_STAGES)))

        try:
            service = self._screening(self._predictor, job.store)
            result = service.screen(job.request, progress, is_drawing=job.is_drawing)
        except Cancelled:
            return JobCancelled(job.id)
        except DrscreenError as error:
            return JobFailed(job.id, Failure.of(error))
        except Exception as error:  # noqa: BLE001 - the thread's outermost boundary
            return JobFailed(job.id, Failure.unexpected(error))
        return JobFinished(job.id, result)

    # `Signal.emit` takes anything, so each message leaves through a typed method.

    def _announce(self, end: JobEnd) -> None:
        if isinstance(end, JobFinished):
            self.job_finished.emit(end)
        elif isinstance(end, JobFailed):
            self.job_failed.emit(end)
        else:
            self.job_cancelled.emit(end)

    def _progress(self, progress: JobProgress) -> None:
        self.job_progressed.emit(progress)

    def _fail_network(self, failure: Failure) -> None:
        self._no_network = failure
        self.network_failed.emit(failure)
