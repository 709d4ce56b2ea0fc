"""`drscreen screen`: grade photographs, and record them where asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import (
    AllowUnsigned,
    Home,
    Model,
    MrnFile,
    PasswordFile,
    app,
    failures_told,
    read_mrn,
    signed_in,
    tell,
)
from drscreen.cli.output import (
    error_object,
    outcome_table,
    print_json_line,
    print_table,
    result_object,
)
from drscreen.cli.progress import counting
from drscreen.domain.errors import (
    DrscreenError,
    FileUnwritable,
    NetworkUnsigned,
    NoPhotographs,
    PhotographError,
    PredictionFailed,
)
from drscreen.domain.image import Laterality
from drscreen.domain.patient import normalised_mrn
from drscreen.domain.photograph_files import is_folder, photographs_below
from drscreen.domain.screening import SaveTo, ScreeningRequest, ScreeningResult
from drscreen.domain.settings import DeviceChoice
from drscreen.domain.store_ports import OpenStore
from drscreen.services.screening import UnrecordedScreening


@app.command()
def screen(
    paths: Annotated[list[Path], typer.Argument(help="Photographs, or folders of them.")],
    model: Model = "",
    device: Annotated[DeviceChoice, typer.Option(help="Where the network runs.")] = (
        DeviceChoice.AUTO
    ),
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, nothing else.")
    ] = False,
    save: Annotated[bool, typer.Option("--save", help="Record in the encrypted store.")] = False,
    user: Annotated[str, typer.Option(help="Who records.")] = "",
    mrn: Annotated[
        str,
        typer.Option(
            help="The patient's number; an unknown one makes a new record. Better --mrn-file."
        ),
    ] = "",
    mrn_file: MrnFile = None,
    eye: Annotated[Laterality | None, typer.Option(help="OD right, OS left.")] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Record though the same file is recorded for somebody else."),
    ] = False,
    allow_unsigned: AllowUnsigned = "",
    overlay: Annotated[
        Path | None,
        typer.Option(help="Folder for pictures of what the network looked at, one a photograph."),
    ] = None,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Grade photographs 0 to 4, or say why they cannot be graded.

    Exit code 0: all were screened. 1: at least one could not be. 2: wrong usage.
    """
    if save and not (user and (mrn or mrn_file) and eye):
        raise typer.BadParameter("--save needs --user, --mrn or --mrn-file, and --eye.")
    if not save and (user or mrn or mrn_file or eye):
        raise typer.BadParameter("--user, --mrn, --mrn-file and --eye go with --save.")
    if save and allow_unsigned:
        raise typer.BadParameter("What is saved is allowed in the store: drscreen model trust.")
    workstation = Workstation(home)
    outcomes: list[tuple[Path, ScreeningResult | DrscreenError]] = []
    with failures_told():
        files, some_empty = _expanded(paths)
        if mrn:
            normalised_mrn(mrn)  # wrong before anybody types a password
        opened = closing(signed_in(workstation, user, password_file)) if save else nullcontext()
        with opened as store, counting("screening", len(files), hidden=as_json) as step:
            target = None
            if store is not None and eye is not None:
                target = SaveTo(normalised_mrn(read_mrn(mrn, mrn_file)), eye)
            explain = overlay is not None
            requests = [ScreeningRequest(f, target, explain=explain, again=again) for f in files]
            make = partial(_service, workstation, store, model, device, allow_unsigned)
            for outcome in _screened(make, requests):
                if overlay is not None:
                    _write_overlay(workstation, outcome[1], overlay)
                if as_json:
                    _print_outcome(*outcome)
                outcomes.append(outcome)
                step()
    if not as_json:
        print_table(outcome_table(outcomes))
    if some_empty or any(isinstance(outcome, DrscreenError) for _, outcome in outcomes):
        raise typer.Exit(1)


def _expanded(paths: list[Path]) -> tuple[list[Path], bool]:
    """Files as named, the photographs in each named folder and below; whether a folder had none.

    Raises `NoPhotographs` where there is nothing at all to screen.
    """
    files: list[Path] = []
    empty: list[Path] = []
    for path in paths:
        found = photographs_below(path) if is_folder(path) else [path]
        files += found
        if not found:
            empty.append(path)
    nothing = [
        NoPhotographs(f"There are no photographs in {folder}, nor below it.") for folder in empty
    ]
    if not files:
        raise nothing[0]
    for error in nothing:
        tell(error)
    return files, bool(nothing)


def _service(
    workstation: Workstation,
    store: OpenStore | None,
    model: str,
    device: DeviceChoice,
    allow_unsigned: str,
) -> UnrecordedScreening:
    # It is ready by the time that the network is.
    workstation.start_decoder()
    predictor = workstation.predictor(model, device)
    if store is not None:
        return workstation.screening(predictor, store)
    return workstation.unrecorded_screening(predictor, unsigned_allowed_by=allow_unsigned)


def _screened(
    make: Callable[[], UnrecordedScreening], requests: list[ScreeningRequest]
) -> Iterator[tuple[Path, ScreeningResult | DrscreenError]]:
    """Each file's result, or its own error; what concerns the network or the store stops all."""
    try:
        service = make()
    except DrscreenError as error:
        # A script that joins results by path must hear of every path.
        tell(error)
        yield from ((request.path, error) for request in requests)
        return
    for request in requests:
        try:
            yield request.path, service.screen(request)
        except (PhotographError, PredictionFailed, NetworkUnsigned) as error:
            yield request.path, error


def _write_overlay(
    workstation: Workstation, outcome: ScreeningResult | DrscreenError, folder: Path
) -> None:
    """Photographs of one name in different folders are told apart by their hash."""
    if isinstance(outcome, ScreeningResult) and outcome.explanation is not None:
        file = folder / f"{outcome.path.stem}-{outcome.sha256[:8]}.png"
        try:
            workstation.write_overlay(outcome.path, outcome.explanation, file)
        except OSError as error:
            raise FileUnwritable.because(f"The overlay {file} cannot be written.", error) from error


def _print_outcome(path: Path, outcome: ScreeningResult | DrscreenError) -> None:
    if isinstance(outcome, DrscreenError):
        print_json_line(error_object(path, outcome))
    else:
        print_json_line(result_object(outcome))
