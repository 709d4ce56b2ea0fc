"""`drscreen model`: what is installed, whether it is whole, and weights in and out."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import app, failures_told, say
from drscreen.cli.output import DataTable, print_json_line, print_table
from drscreen.cli.progress import progress_bar
from drscreen.cli.visible import visible
from drscreen.domain.errors import (
    DatasetError,
    DrscreenError,
    FileUnwritable,
    PhotographError,
)
from drscreen.domain.image import InputSpec, RgbImage
from drscreen.domain.signature import NetworkState, Signature
from drscreen.private_files import write_privately

model = typer.Typer(no_args_is_help=True)
app.add_typer(
    model, name="model", help="Networks: list, verify, show, import, export, sign, trust."
)

#: What torchvision's networks are trained with (ImageNet's channels).
_MEAN, _STD = "0.485,0.456,0.406", "0.229,0.224,0.225"
_SAFETENSORS, _ONNX = ".safetensors", ".onnx"

Named = Annotated[
    str, typer.Argument(metavar="MODEL", help="A network by name, or a bundle's folder.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a network.")]


@model.command("list")
def list_models(as_json: AsJson = False) -> None:
    """Show the installed networks, the one used by default first. A damaged one says why."""
    from drscreen.training.evaluation import recorded
    from drscreen.training.metrics import shown

    table = DataTable(
        caption="* is used where none is named; AUC of patients held out, 95% interval"
    )
    for heading in ("", "name", "version", "network", "signed", "MB", "AUC, referable", "sha256"):
        table.column(heading, right=heading == "MB")
    workstation = Workstation()
    for entry in workstation.bundles():
        bundle, fault = entry.bundle, entry.fault
        metrics = bundle.manifest.get("metrics") if bundle else None
        held_out = metrics.get("held_out") if isinstance(metrics, dict) else None
        auc = recorded(held_out, "auc_referable")
        if as_json:
            print_json_line(
                {
                    "name": entry.folder.name,
                    "version": bundle.info.version if bundle else None,
                    "architecture": bundle.architecture if bundle else None,
                    "input_size": bundle.input.size if bundle else None,
                    "bytes": entry.size,
                    "sha256": bundle.info.sha256 if bundle else None,
                    "signature": bundle.signature.signer.value if bundle else None,
                    "key": bundle.signature.key if bundle else None,
                    "preferred": entry.preferred,
                    "auc_referable": asdict(auc) if auc else None,
                    "error": _told(fault),
                }
            )
            continue
        row = ["*" if entry.preferred else "", entry.folder.name]
        if bundle:
            network = f"{bundle.architecture}, {bundle.input.size} px"
            row += [bundle.info.version, network, _signed(bundle.signature)]
        else:
            row += ["", f"damaged: {fault.message}" if fault else "", ""]
        row += [f"{entry.size / 1e6:.1f}", shown(auc) if auc else "-"]
        row.append(bundle.info.sha256[:12] if bundle else "")
        table.row(*row)
    if as_json:
        return
    gate = workstation.examined_quality_network()
    said = f"damaged: {gate.fault.message}" if gate.fault else _signed(gate.signature)
    table.row("", gate.name, gate.version, "", said, "", "", gate.sha256[:12])
    print_table(table)


@model.command()
def verify(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL]...",
            help="By name or folder; all that are installed and the quality gate's own.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hash every file, find each tensor whole and finite, and see who signed.

    Exit code 1 where one is not whole, or is signed by nobody whose key is trusted here.
    """
    workstation = Workstation()
    failed = not (models or workstation.bundle_names())
    if failed:
        say("No network is installed.")
    with failures_told():
        for found in workstation.examined_networks(models or ()):
            failed = failed or not found.is_good
            if as_json:
                print_json_line(network_object(found))
            else:
                say(network_line(found))
    if failed:
        raise typer.Exit(1)


def network_object(found: NetworkState) -> dict[str, Any]:
    """For scripts; `whole` says nothing of the signature."""
    return {
        "name": found.name,
        "version": found.version or None,
        "sha256": found.sha256 or None,
        "signature": None if found.fault else found.signature.signer.value,
        "key": found.signature.key or None,
        "error": _told(found.fault),
        "whole": found.fault is None,
    }


def network_line(found: NetworkState) -> str:
    """For a person: ok, FAILED with the reason, or UNSIGNED."""
    if found.fault is not None:
        fault = found.fault
        return f"FAILED  {found.name}: {fault.message} {fault.advice} [{fault.code}]"
    word = "ok     " if found.is_good else "UNSIGNED"
    return f"{word} {found.name} {found.version} {found.sha256} ({found.signature.words})"


def _signed(signature: Signature) -> str:
    """As a table has room for it."""
    return signature.words.partition(", key")[0]


@model.command()
def card(
    name: Named = "",
    html: Annotated[
        Path | None, typer.Option(help="Write it as one page, with figures and every tensor.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="Folder of a training, whose plots go into the page.")
    ] = None,
) -> None:
    """Print what a network says of itself: what was measured, on whom, and what it cannot do."""
    if run and not html:
        raise typer.BadParameter("--run goes with --html.")
    if run and not run.is_dir():
        raise typer.BadParameter(f"There is no folder {run}.")
    workstation = Workstation()
    with failures_told():
        bundle = workstation.bundle(name)
        if html is None:
            # A bundle may be anybody's: nothing that a terminal would obey.
            typer.echo(visible(bundle.card, keep="\n\t"))
            typer.echo(f"Signature: {bundle.signature.words}.")
            return
        from drscreen.training.card_page import card_page

        page = card_page(bundle, workstation.resources / "templates", run)
        try:
            write_privately(html, page.encode())
        except OSError as error:
            raise FileUnwritable.because(f"{html.name} cannot be written there.", error) from error
    say(f"{html} written")


@model.command("import")
def import_model(
    file: Annotated[Path, typer.Argument(help="Weights: .pt, .pth or .safetensors.")],
    out: Annotated[Path, typer.Option(help="Folder of the bundle to write, new or empty.")],
    name: Annotated[str, typer.Option(help="The bundle's name; its folder's by default.")] = "",
    size: Annotated[int, typer.Option(min=64, max=2048, help="Pixels a side it takes.")] = 224,
    mean: Annotated[
        str, typer.Option(help="Subtracted, a channel each, in its training's order.")
    ] = _MEAN,
    std: Annotated[
        str, typer.Option(help="Divided by, a channel each, in its training's order.")
    ] = _STD,
    bgr: Annotated[
        bool, typer.Option("--bgr", help="It was trained to take blue, green, red (as OpenCV).")
    ] = False,
) -> None:
    """Make a bundle of a ResNet-152 or ResNet-18 with five grades that was trained elsewhere.

    Of a pickle (.pt, .pth) only numbers are read; one with code in it is refused.
    """
    from drscreen.training.importing import import_weights

    out = out.resolve()
    spec = InputSpec(size, _channels(mean, 0.0), _channels(std, 1e-6))
    if file.suffix.lower() != _SAFETENSORS:
        say(
            f"{file.name} is read as a pickle, a kind of file that can hold code. Only numbers are "
            "taken from it; if it holds code it is refused."
        )
    with failures_told():
        bundle, weights = import_weights(file, out, name=name or out.name, spec=spec, bgr=bgr)
    if weights.set_aside:
        say(f"Not used from the file: {', '.join(weights.set_aside[:5])}.")
    say(
        f"{bundle.info.name} ({bundle.architecture}) written to {out}. It is neither measured nor "
        f"calibrated; do so with: drscreen evaluate --data DIR --model {out}. "
        "Nobody has signed it; see docs/models.md."
    )


@model.command()
def export(
    name: Named,
    file: Annotated[Path, typer.Argument(help="To write: .onnx, or .safetensors.")],
) -> None:
    """Write a network for other tools: ONNX, or fp32 weights by torchvision's names.

    Not a cleared device there either: size, mean, deviation, temperature and thresholds go along in
    the file's metadata.
    """
    suffix = file.suffix.lower()
    if suffix not in {_ONNX, _SAFETENSORS}:
        raise typer.BadParameter(f"{file.name} ends neither in .onnx nor in .safetensors.")
    from drscreen.training.exporting import export_onnx, export_safetensors

    with failures_told():
        bundle = Workstation().bundle(name)
        if suffix == _SAFETENSORS:
            export_safetensors(bundle, file)
            say(f"{file} written")
            return
        difference = export_onnx(bundle, file)
    say(f"{file} written; its logits differ from drscreen's own by {difference:.1g} at most")


@model.command()
def backends(
    name: Named = "",
    data: Annotated[
        Path | None, typer.Option(help="Folder of photographs; the program's samples by default.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many photographs.")] = 200,
    as_json: AsJson = False,
) -> None:
    """How far results lie apart between fp32, bf16, other numbers of threads, and ONNX Runtime."""
    from drscreen.training.backends import REFERENCE, agreements

    workstation = Workstation()
    with failures_told():
        bundle = workstation.bundle(name)
        squares = _squares(
            workstation, data or workstation.resources / "samples", limit, bundle.input
        )
        with progress_bar(hidden=as_json) as bar:
            task = bar.add_task("", total=len(squares))
            found = agreements(
                bundle,
                squares,
                lambda what, done: bar.update(task, description=what, completed=done),
            )
    table = DataTable(
        title=f"{bundle.info.name} {bundle.info.version} beside {REFERENCE}: "
        f"{len(squares)} photographs"
    )
    table.column("back end")
    for heading in ("largest difference", "grades", "referable calls", "decisions changed"):
        table.column(heading, right=True)
    for agreement in found:
        if as_json:
            print_json_line({"model": bundle.info.name, **asdict(agreement)})
        counts = (agreement.grades, agreement.calls, agreement.decisions)
        shares = (f"{count} ({count / agreement.photographs:.1%})" for count in counts)
        table.row(agreement.backend, f"{agreement.farthest:.2g}", *shares)
    if not as_json:
        print_table(table)


def _squares(workstation: Workstation, folder: Path, limit: int, spec: InputSpec) -> list[RgbImage]:
    """Photographs anywhere in a folder that can be read, evenly chosen, prepared."""
    from drscreen.training.datasets.folder import DatasetFolder

    reader = workstation.reader()
    files = DatasetFolder(folder).photographs
    squares = []
    for file in files[:: max(1, -(-len(files) // limit))]:
        try:
            squares.append(reader.prepare(reader.decode(reader.read(file)).image, spec))
        except PhotographError as error:
            say(f"{file.name}: {error.message}")
    if not squares:
        raise DatasetError(f"There is no photograph in {folder} that can be read.")
    return squares


def _channels(text: str, least: float) -> tuple[float, float, float]:
    try:
        first, second, third = (float(part) for part in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not three numbers, comma between.") from error
    if not all(math.isfinite(x) and x >= least for x in (first, second, third)):
        raise typer.BadParameter(f"{text!r} is out of range.")
    return first, second, third


def _told(error: DrscreenError | None) -> dict[str, str] | None:
    return {"code": error.code, "message": error.message} if error else None
