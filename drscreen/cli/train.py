"""`drscreen train`: from labelled photographs to a bundle, resumable."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drscreen.cli.app import app, failures_told, say
from drscreen.cli.progress import progress_bar
from drscreen.domain.errors import PlottingUnavailable
from drscreen.training.datasets.layouts import Layout

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from drscreen.training.plan import Stage
    from drscreen.training.trainer import TrainingProgress


@app.command()
def train(
    data: Annotated[
        list[Path],
        typer.Option(help="Folder of graded photographs, recognised; may be given several times."),
    ],
    run: Annotated[Path, typer.Option(help="Folder of this training: checkpoint, log, reports.")],
    out: Annotated[Path, typer.Option(help="Folder of the bundle to write.")],
    also: Annotated[
        list[Path] | None,
        typer.Option(help="Graded photographs to train on but not to measure on."),
    ] = None,
    ungraded: Annotated[
        list[Path] | None,
        typer.Option(help="Healthy photographs, to draw lesions on and to be taught about."),
    ] = None,
    layout: Annotated[
        Layout | None, typer.Option(help="How the folders are laid out, where unclear.")
    ] = None,
    split: Annotated[
        Path | None,
        typer.Option(help="Who is held out: made if it is not there, kept to if it is."),
    ] = None,
    fold: Annotated[int, typer.Option(min=0, max=3, help="Which quarter is held out.")] = 0,
    simulate: Annotated[int, typer.Option(min=0, help="Photographs with drawn lesions.")] = 0,
    shares: Annotated[
        str, typer.Option(help="Shares of a batch of --also, drawn and --ungraded photographs.")
    ] = "0.4,0.25,0.2",
    teacher: Annotated[
        Path | None, typer.Option(help="Bundle whose beliefs are learnt as well.")
    ] = None,
    architecture: Annotated[str, typer.Option(help="resnet152 or resnet18.")] = "resnet152",
    init: Annotated[
        Path | None,
        typer.Option(help="Start from a bundle, a .npz trunk or a .safetensors state dict."),
    ] = None,
    keep_start: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Share of the starting bundle's weights that the result keeps."
        ),
    ] = 0.0,
    stages: Annotated[
        str, typer.Option(help="size:epochs of each stage, coarse to fine, comma between.")
    ] = "256:4,384:8",
    batch: Annotated[int, typer.Option(min=2, help="Photographs a step.")] = 16,
    rate: Annotated[
        float, typer.Option(help="Learning rate of layers that start from weights.")
    ] = 2e-4,
    still: Annotated[
        str, typer.Option(help="Layers to leave as they start, comma between: conv1,bn1,layer1.")
    ] = "",
    equalise: Annotated[
        bool, typer.Option(help="Flatten each channel's histogram before the network.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the split, the sampling, the augmentation.")] = 1,
    minutes: Annotated[
        float, typer.Option(help="Stop after so long; the same command goes on later.")
    ] = math.inf,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    beside: Annotated[
        Path | None, typer.Option(help="Bundle for the card to compare with.")
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Decoded photographs, for several runs to share.")
    ] = None,
    name: Annotated[str, typer.Option(help="The bundle's name; its folder's by default.")] = "",
    version: Annotated[str, typer.Option(help="The bundle's version.")] = "0",
) -> None:
    """Train a network, measure it on patients held out, and write it as a bundle.

    The same command goes on where it was stopped. The bundle is written when the plan is done.
    """
    from drscreen.training.datasets.report import finding_lines
    from drscreen.training.gathering import DataPlan
    from drscreen.training.metrics import shown
    from drscreen.training.plan import TrainingPlan
    from drscreen.training.run import Listener, TrainingRun, check_out

    also_share, simulated_share, ungraded_share = _numbers(shares, 3)
    photographs = DataPlan(
        tuple(data),
        tuple(also or ()),
        tuple(ungraded or ()),
        layout=layout,
        split=split,
        fold=fold,
        simulated=simulate,
        also_share=also_share,
        simulated_share=simulated_share,
        ungraded_share=ungraded_share,
        teacher=teacher,
    )
    plan = TrainingPlan(
        architecture,
        _stages(stages),
        batch,
        trunk_rate=rate,
        seed=seed,
        equalise=equalise,
        still=tuple(layer for layer in still.split(",") if layer),
    )
    with failures_told(), progress_bar() as bar:
        # Now rather than after hours.
        check_out(out)
        screen = _Screen(bar)
        listener = Listener(screen.counted, screen.trained)
        training = TrainingRun(
            plan,
            photographs,
            run,
            cache=cache,
            start=init,
            keep_start=keep_start,
            device=device,
            listener=listener,
        )
        for dataset in training.gathered.datasets:
            for line in dataset.report.lines():
                say(line)
        for line in finding_lines(training.gathered.findings):
            say(line)
        for portion in training.gathered.portions:
            say(f"training on {portion.name}: {portion.rows.size}, {portion.share:.0%} of a batch")
        say(f"measuring on {training.gathered.held_out.rows.size}")
        if not training.train(minutes * 60):
            say("Time is up; the same command goes on from here.")
            return
        measurement = training.measure()
        plots: list[Path] = []
        try:
            plots = training.draw(measurement)
        except PlottingUnavailable as error:
            say(error.message)
        bundle = training.write(
            out, name or out.name, version, measurement, plots=plots, beside=beside
        )
    say(
        f"{bundle.info.name} {bundle.info.version} written to {out}. Nobody has signed it: "
        "see 'drscreen model sign' and 'model trust'."
    )
    found = measurement.evaluation
    say(f"AUC referable {shown(found.auc_referable)}, kappa {shown(found.kappa)}")


def _numbers(text: str, count: int) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(0 <= number < 1 for number in numbers):
        raise typer.BadParameter(f"{text!r} is not {count} numbers from 0 to 1, comma between.")
    return numbers


def _stages(text: str) -> tuple[Stage, ...]:
    from drscreen.training.plan import Stage

    try:
        pairs = [part.split(":") for part in text.split(",")]
        stages = tuple(Stage(int(size), int(epochs)) for size, epochs in pairs)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not of the form 256:4,384:8.") from error
    if sorted(stages, key=lambda stage: stage.size) != list(stages):
        raise typer.BadParameter(f"{text!r} does not go from coarse to fine.")
    return stages


class _Screen:
    """Shows what a run reports; outside a terminal, one line a minute's worth of steps."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._tasks: dict[str, TaskID] = {}

    def counted(self, what: str, done: int, total: int) -> None:
        """n of m of a stage."""
        if what not in self._tasks:
            self._tasks[what] = self._bar.add_task(what, total=total)
        self._bar.update(self._tasks[what], completed=done)

    def trained(self, progress: TrainingProgress) -> None:
        """A step of training, with its loss."""
        self.counted("training", progress.step, progress.steps)
        described = f"training, loss {progress.loss:.3f}, kappa {progress.kappa:.2f}"
        self._bar.update(self._tasks["training"], description=described)
        if self._bar.disable and progress.step % 50 == 0:
            say(
                f"step {progress.step} of {progress.steps}, {described[10:]}, "
                f"{progress.seconds_left / 60:.0f} min left"
            )
