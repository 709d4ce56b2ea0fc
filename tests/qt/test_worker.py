"""Every job ends exactly once, whatever happens to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QThread, Signal, Slot
from pytestqt.qtbot import QtBot

from drscreen.domain.cancel import CancelToken
from drscreen.domain.errors import PredictionFailed, StoreFull
from drscreen.domain.image import Laterality
from drscreen.domain.screening import SaveTo, ScreeningRequest
from drscreen.domain.settings import DeviceChoice
from drscreen.qt.worker import (
    InferenceWorker,
    JobCancelled,
    JobFailed,
    JobFinished,
    JobProgress,
    LoadNetwork,
    ScreenJob,
)
from drscreen.services.screening import ScreeningService
from tests.fakes.screening import FakeClock, FakeGate, FakePredictor, FakeReader
from tests.fakes.store import FakeStore
from tests.qt.clinic import WAIT
from tests.qt.conftest import Draw


class Ear(QObject):
    """Lives on the GUI thread and writes down what it hears, and where."""

    load = Signal(object)
    screen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[tuple[str, int]] = []
        self.progress: list[JobProgress] = []
        self.network: list[str] = []
        self.threads: set[QThread] = set()

    @Slot(object)
    def on_end(self, end: JobFinished | JobFailed | JobCancelled) -> None:
        self.threads.add(QThread.currentThread())
        self.ends.append((type(end).__name__, end.id))

    @Slot(object)
    def on_progress(self, progress: JobProgress) -> None:
        self.progress.append(progress)

    @Slot(object)
    def on_ready(self, _spec: object) -> None:
        self.network.append("ready")

    @Slot(object)
    def on_failed(self, _failure: object) -> None:
        self.network.append("failed")


@pytest.fixture
def predictor() -> FakePredictor:
    return FakePredictor()


@pytest.fixture
def ear(qtbot: QtBot, predictor: FakePredictor) -> Iterator[Ear]:
    clock, gate = FakeClock(), FakeGate()
    worker = InferenceWorker(
        lambda _model, _device: predictor,
        lambda loaded, store: ScreeningService(FakeReader(), gate, loaded, clock, store),
    )
    thread, made = QThread(), Ear()
    worker.moveToThread(thread)
    made.load.connect(worker.on_load_requested)
    made.screen.connect(worker.on_screen_requested)
    for ended in (worker.job_finished, worker.job_failed, worker.job_cancelled):
        ended.connect(made.on_end)
    worker.job_progressed.connect(made.on_progress)
    worker.network_ready.connect(made.on_ready)
    worker.network_failed.connect(made.on_failed)
    thread.start()
    yield made
    thread.quit()
    assert thread.wait(WAIT)


def job(number: int, path: Path, token: CancelToken | None = None) -> ScreenJob:
    request = ScreeningRequest(path, SaveTo("A-1", Laterality.OD), token or CancelToken())
    return ScreenJob(number, request, FakeStore.opened())


def test_every_job_ends_exactly_once_on_the_gui_thread(
    ear: Ear, predictor: FakePredictor, qtbot: QtBot, draw: Draw, tmp_path: Path
) -> None:
    troubles = [None, PredictionFailed("no answer"), StoreFull("no room"), RuntimeError("a fault")]
    queue = list(troubles * 3)

    def during() -> None:
        trouble = queue.pop(0)
        if trouble is not None:
            raise trouble

    predictor.during = during
    cancelled = CancelToken()
    cancelled.cancel()
    good = draw("a.png")
    ear.load.emit(LoadNetwork("", DeviceChoice.AUTO))
    for number in range(12):
        ear.screen.emit(job(number, good))
    ear.screen.emit(job(12, tmp_path / "missing.png"))
    ear.screen.emit(job(13, good, cancelled))
    qtbot.waitUntil(lambda: len(ear.ends) >= 14, timeout=WAIT)
    counted = Counter(number for _, number in ear.ends)
    assert counted == Counter(range(14))
    kinds = {number: kind for kind, number in ear.ends}
    assert [kinds[n] for n in range(4)] == ["JobFinished", "JobFailed", "JobFailed", "JobFailed"]
    assert kinds[12] == "JobFailed"
    assert kinds[13] == "JobCancelled"
    assert ear.threads == {QThread.currentThread()}


def test_progress_names_each_stage_once_and_never_goes_back(
    ear: Ear, qtbot: QtBot, draw: Draw
) -> None:
    ear.load.emit(LoadNetwork("", DeviceChoice.AUTO))
    ear.screen.emit(job(1, draw("a.png")))
    qtbot.waitUntil(lambda: bool(ear.ends), timeout=WAIT)
    fractions = [p.fraction for p in ear.progress]
    assert [p.stage.value for p in ear.progress] == [
        "reading",
        "decoding",
        "quality",
        "predicting",
        "saving",
    ]
    assert fractions == sorted(fractions)
    assert 0.0 <= fractions[0] <= fractions[-1] < 1.0


def test_a_job_before_the_network_fails_and_says_so(ear: Ear, qtbot: QtBot, draw: Draw) -> None:
    ear.screen.emit(job(1, draw("a.png")))
    qtbot.waitUntil(lambda: bool(ear.ends), timeout=WAIT)
    assert ear.ends == [("JobFailed", 1)]


def test_a_withdrawn_order_loads_nothing(ear: Ear, qtbot: QtBot) -> None:
    withdrawn = CancelToken()
    withdrawn.cancel()
    ear.load.emit(LoadNetwork("first", DeviceChoice.AUTO, withdrawn))
    ear.load.emit(LoadNetwork("second", DeviceChoice.AUTO))
    qtbot.waitUntil(lambda: bool(ear.network), timeout=WAIT)
    assert ear.network == ["ready"]
