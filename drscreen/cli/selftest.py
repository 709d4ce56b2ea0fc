"""`drscreen selftest`: does this installation work? Database, decoding, grading."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import AllowUnsigned, Model, app, opened, say
from drscreen.domain.errors import (
    BundleMissing,
    DrscreenError,
    NetworkUnsigned,
    PredictionFailed,
    StoreDamaged,
)
from drscreen.domain.image import Laterality
from drscreen.domain.ports import Predictor
from drscreen.domain.screening import SaveTo, ScreeningRequest
from drscreen.domain.settings import DeviceChoice
from drscreen.domain.signature import TRUSTED


@app.command()
def selftest(
    model: Model = "",
    device: Annotated[DeviceChoice, typer.Option(help="Where the network runs.")] = (
        DeviceChoice.AUTO
    ),
    allow_unsigned: AllowUnsigned = "",
    repeat: Annotated[
        int,
        typer.Option(min=0, help="Ask the network so often about each sample, in several ways."),
    ] = 0,
) -> None:
    """Try each part on a sample drawing in a throw-away store. Exit code 1 where one fails.

    With --repeat also: does the same photograph give the same bits again, among neighbours, freshly
    loaded, from another thread, with other numbers of threads, after a restart?
    """
    with tempfile.TemporaryDirectory() as folder:
        trial = _Trial(Workstation(Path(folder)), model, device, allow_unsigned)
        passed = [
            _passes("photographs are decoded", trial.decode),
            _passes("the network is whole and loads", trial.load),
            _passes("the same photograph gives the same result", trial.grade_twice),
            _passes("the encrypted store keeps a result", trial.record),
            _passes("notifier plugins are found", trial.notifiers),
        ]
        if repeat:
            passed.append(_passes("no bit of a result ever differs", lambda: trial.repeat(repeat)))
    if not all(passed):
        raise typer.Exit(1)


def _passes(what: str, check: Callable[[], str]) -> bool:
    try:
        found = check()
    except DrscreenError as error:
        say(f"FAILED  {what}: {error.message} {error.advice} [{error.code}]")
        return False
    except (ImportError, OSError) as error:  # a broken installation, which this is to find
        say(f"FAILED  {what}: {error}")
        return False
    say(f"ok      {what}{f' ({found})' if found else ''}")
    return True


class _Trial:
    def __init__(
        self, workstation: Workstation, model: str, device: DeviceChoice, allow_unsigned: str
    ) -> None:
        self._workstation, self._model, self._device = workstation, model, device
        self._allow_unsigned = allow_unsigned
        self._sample = min((workstation.resources / "samples").glob("*.jpg"))
        self._predictor: Predictor | None = None

    def decode(self) -> str:
        reader = self._workstation.reader()
        photograph = reader.decode(reader.read(self._sample))
        return f"{photograph.width} x {photograph.height}"

    def load(self) -> str:
        """After a look at all that are installed, and at the quality gate's own."""
        found = list(self._workstation.examined_networks())
        if self._model and self._model not in {one.name for one in found}:
            found += self._workstation.examined_networks([self._model])
        for one in found:
            if one.fault is not None:
                raise one.fault
            if not one.is_good and not self._allow_unsigned:
                raise NetworkUnsigned(f"The network {one.name} is {one.signature.words}.")
        self._predictor = self._workstation.predictor(self._model, self._device)
        spec = self._predictor.spec
        others = "; ".join(f"{one.name} {one.version}: {one.signature.words}" for one in found)
        return f"{spec.model.title} on {spec.device} in {spec.precision}; {others}"

    def grade_twice(self) -> str:
        screening = self._workstation.unrecorded_screening(
            self._loaded(), unsigned_allowed_by=self._allow_unsigned
        )
        first, second = (screening.screen(ScreeningRequest(self._sample)) for _ in range(2))
        if first.grading != second.grading or first.quality != second.quality:
            raise PredictionFailed("The same photograph gave two results.")
        return str(first.decision)

    def repeat(self, times: int) -> str:
        from drscreen.training.determinism import repeat

        reader, spec = self._workstation.reader(), self._loaded().spec
        samples = sorted((self._workstation.resources / "samples").glob("*.jpg"))
        decoded = [reader.decode(reader.read(sample)) for sample in samples]
        squares = [reader.prepare(photograph.image, spec.input) for photograph in decoded]
        bundle = self._workstation.bundle_folder(self._model)
        trials = repeat(bundle, squares, times, self._device)
        for trial in trials:
            say(
                f"        {trial.way}: {trial.different} of {trial.asked} differ"
                + (f", by up to {trial.farthest:.2g}" if trial.different else "")
            )
        if any(trial.different for trial in trials):
            raise PredictionFailed("The same photograph gave two results.")
        return f"{sum(trial.asked for trial in trials)} predictions"

    def record(self) -> str:
        password = secrets.token_urlsafe()
        accounts = self._workstation.accounts
        with closing(accounts.create_clinic("Self-test", "selftest", password)) as store:
            if self._allow_unsigned and self._loaded().spec.model.signer not in TRUSTED:
                self._workstation.networks(store).allow(self._loaded().spec.model)
            screening = self._workstation.screening(self._loaded(), store)
            target = SaveTo("SELFTEST", Laterality.OD)
            screening.screen(ScreeningRequest(self._sample, target), is_drawing=True)
        with closing(opened(lambda: accounts.sign_in("selftest", password))) as store:
            records = self._workstation.records(store)
            (exam,) = records.open_file("SELFTEST").exams
            if records.photograph(exam.photographs[0].id) != self._sample.read_bytes():
                raise StoreDamaged("The photograph did not come back as it was stored.")
        return ""

    def notifiers(self) -> str:
        """Their metadata alone: which of them may run is in the clinic's records."""
        told = []
        for found in self._workstation.notifiers.found():
            version = found.offer.version if found.offer is not None else ""
            problem = "" if found.waits_for_choice else found.problem
            told.append(f"{found.package} {version} {problem}".strip())
        return ", ".join(told) or "none installed"

    def _loaded(self) -> Predictor:
        if self._predictor is None:
            raise BundleMissing("The network is not loaded.")
        return self._predictor
