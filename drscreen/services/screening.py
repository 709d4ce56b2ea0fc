"""Screen a photograph: read, decode, judge its quality, grade it, record it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from drscreen.domain.cancel import CancelToken
from drscreen.domain.errors import (
    NetworkUnsigned,
    PhotographRecordedAlready,
    PhotographRecordedElsewhere,
)
from drscreen.domain.explanation import Explanation
from drscreen.domain.grading import Grading, grade_photograph
from drscreen.domain.image import DecodedPhotograph
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from drscreen.domain.ports import Clock, PhotographReader, Predictor, QualityGate
from drscreen.domain.referral import decide
from drscreen.domain.screening import (
    ModelInfo,
    SaveTo,
    ScreeningRequest,
    ScreeningResult,
    Seconds,
    Stage,
)
from drscreen.domain.signature import TRUSTED, NetworkConsent
from drscreen.domain.store_ports import OpenStore, Records
from drscreen.services.announcing import Announcer
from drscreen.services.permission import before_sign_in, needs

Progress = Callable[[Stage], None]


def _silent(_stage: Stage) -> None:
    pass


class UnrecordedScreening:
    """Screening of photographs that belong to no patient here: no store, nothing is recorded.

    One photograph at a time, on one thread; the caller chooses which. A network that nobody signed
    grades only where `unsigned_allowed_by` names who answers for it; that name stands in each
    result.
    """

    def __init__(
        self,
        reader: PhotographReader,
        gate: QualityGate,
        predictor: Predictor,
        clock: Clock,
        *,
        unsigned_allowed_by: str = "",
    ) -> None:
        self._unsigned_allowed_by = unsigned_allowed_by
        self._reader = reader
        self._gate = gate
        self._predictor = predictor
        self._clock = clock

    @before_sign_in
    def screen(
        self,
        request: ScreeningRequest,
        progress: Progress = _silent,
        *,
        is_drawing: bool = False,
    ) -> ScreeningResult:
        """Screen one photograph. A request that saves is a programming error (`ValueError`).

        Raises a `PhotographError`, `PredictionFailed`, `NetworkUnsigned` or `Cancelled`.
        """
        if request.save_to is not None:
            raise ValueError("a request that saves needs a store")
        _data, result = self._judged(request, progress)
        return result

    def _judged(
        self, request: ScreeningRequest, progress: Progress
    ) -> tuple[bytes, ScreeningResult]:
        """The file's own bytes, and what is made of them."""
        model = self._usable(self._predictor.spec.model)
        started = self._clock.elapsed()
        data, photograph = self._decode(request.path, request.cancel, progress)
        decoded = self._clock.elapsed()
        self._enter(Stage.QUALITY, request.cancel, progress)
        quality = self._gate.assess(photograph)
        judged = self._clock.elapsed()
        grading, explanation = None, None
        if quality.gradable:
            self._enter(Stage.PREDICTING, request.cancel, progress)
            grading, explanation = self._grade(photograph, explain=request.explain)
        graded = self._clock.elapsed()
        spec = self._predictor.spec
        result = ScreeningResult(
            path=request.path,
            sha256=photograph.sha256,
            media_type=photograph.media_type,
            width=photograph.width,
            height=photograph.height,
            quality=quality,
            grading=grading,
            decision=decide(quality, grading, spec.operating_point),
            model=model,
            operating_point=spec.operating_point,
            explanation=explanation,
            seconds=Seconds(
                decode=decoded - started,
                quality=judged - decoded,
                predict=graded - judged if grading else None,
                total=graded - started,
            ),
        )
        return data, result

    def _usable(self, model: ModelInfo) -> ModelInfo:
        """The network, with the name of whoever answers for it where nobody signed it."""
        if model.signer in TRUSTED:
            return model
        if not self._unsigned_allowed_by:
            raise _unsigned(model)
        return replace(model, allowed_by=self._unsigned_allowed_by)

    def _enter(self, stage: Stage, cancel: CancelToken, progress: Progress) -> None:
        cancel.raise_if_cancelled()
        progress(stage)

    def _decode(
        self, path: Path, cancel: CancelToken, progress: Progress
    ) -> tuple[bytes, DecodedPhotograph]:
        self._enter(Stage.READING, cancel, progress)
        data = self._reader.read(path)
        self._enter(Stage.DECODING, cancel, progress)
        return data, self._reader.decode(data, cancel)

    def _grade(
        self, photograph: DecodedPhotograph, *, explain: bool
    ) -> tuple[Grading, Explanation | None]:
        spec = self._predictor.spec
        square = self._reader.prepare(photograph.image, spec.input)
        explanation = None
        if explain:
            logits, explanation = self._predictor.explain(square)
        else:
            (logits,) = self._predictor.predict([square])
        grading = grade_photograph(logits, spec.temperature, spec.operating_point, spec.grade_cuts)
        return grading, explanation


class ScreeningService(UnrecordedScreening):
    """The same for whoever is signed in, recorded where the request says so.

    A network that nobody signed grades only where an administrator has allowed it in that store.
    `announcer` queues what the patient is to hear, in the transaction that records the result.
    """

    def __init__(
        self,
        reader: PhotographReader,
        gate: QualityGate,
        predictor: Predictor,
        clock: Clock,
        store: OpenStore,
        *,
        announcer: Announcer | None = None,
    ) -> None:
        super().__init__(reader, gate, predictor, clock)
        self._announcer = announcer
        self._store = store

    @needs(Action.SCREEN)
    def screen(
        self,
        request: ScreeningRequest,
        progress: Progress = _silent,
        *,
        is_drawing: bool = False,
    ) -> ScreeningResult:
        """Screen one photograph and record it where the request says so.

        A photograph that fails the gate is recorded with its reasons and never graded. `progress`
        hears each stage as it begins. `is_drawing` marks a phantom. Raises a `PhotographError`,
        `PredictionFailed`, `NetworkUnsigned`, `Cancelled` or a `StoreError`; nothing is recorded
        then. A file that is recorded already is a `PhotographError` too, see
        `ScreeningRequest.again`.
        """
        data, result = self._judged(request, progress)
        if request.save_to is None:
            return result
        self._enter(Stage.SAVING, request.cancel, progress)
        return self._save(request.save_to, data, result, is_drawing, again=request.again)

    def _usable(self, model: ModelInfo) -> ModelInfo:
        if model.signer in TRUSTED:
            return model
        with self._store.transaction(Action.SCREEN) as records:
            return replace(model, allowed_by=_consent(records, model).allowed_by)

    def _save(
        self,
        target: SaveTo,
        data: bytes,
        result: ScreeningResult,
        is_drawing: bool,
        *,
        again: bool,
    ) -> ScreeningResult:
        now = self._clock.now()
        with self._store.transaction(Action.SCREEN) as records:
            if not again:
                _refuse_second(records.where_recorded(result.sha256), target)
            if result.model.signer not in TRUSTED:
                _consent(records, result.model)  # it may have been taken back meanwhile
            if records.find_patient(target.mrn) is None:
                records.add_patient(Patient(mrn=target.mrn))
            record = records.save_photograph(
                target.mrn, target.eye, data, result, recorded_at=now, is_drawing=is_drawing
            )
            if self._announcer is not None:
                self._announcer.exam_changed(records, target.mrn, record.exam_id, now)
        return replace(result, record=record.id)


def _refuse_second(recorded: frozenset[SaveTo], target: SaveTo) -> None:
    """A file is taken once, unless somebody was asked: its bytes never come about twice."""
    if target in recorded:
        raise PhotographRecordedAlready(
            "The same photograph is recorded already, for this patient and this eye."
        )
    if any(one.mrn == target.mrn for one in recorded):
        raise PhotographRecordedElsewhere(
            "The same photograph is recorded already, as this patient's other eye."
        )
    if recorded:
        raise PhotographRecordedElsewhere(
            "The same photograph is recorded already, for another patient."
        )


def _consent(records: Records, model: ModelInfo) -> NetworkConsent:
    consent = records.networks.consent(model.sha256)
    if consent is None:
        raise _unsigned(model)
    return consent


def _unsigned(model: ModelInfo) -> NetworkUnsigned:
    return NetworkUnsigned(
        f"The network {model.name} {model.version} is signed by nobody whose key is trusted here, "
        "and no administrator has allowed it."
    )
