"""`drscreen train`: from labelled photographs to a bundle, resumable."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drscreen.cli.app import app, failures_told, say
from drscreen.cli.progress import progress_bar

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from drscreen.training.trainer import TrainingProgress


@app.command()
def train(
    images: Annotated[
        list[Path], typer.Option(help="Folder of photographs; may be given several times.")
    ],
    labels: Annotated[
        list[Path], typer.Option(help="csv of file and grade, one for each --images.")
    ],
    run: Annotated[Path, typer.Option(help="Folder of this training: cache, checkpoint, log.")],
    out: Annotated[Path, typer.Option(help="Folder of the bundle to write.")],
    architecture: Annotated[str, typer.Option(help="resnet152 or resnet18.")] = "resnet152",
    init: Annotated[
        Path | None,
        typer.Option(help="Start from a bundle, a .npz trunk or a .safetensors state dict."),
    ] = None,
    size: Annotated[int, typer.Option(min=64, help="Input side in pixels.")] = 384,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the photographs.")] = 16,
    batch: Annotated[int, typer.Option(min=2, help="Photographs a step.")] = 16,
    rate: Annotated[
        float, typer.Option(help="Learning rate of layers that start from weights.")
    ] = 2e-4,
    seed: Annotated[int, typer.Option(help="Of the split, the sampling, the augmentation.")] = 1,
    minutes: Annotated[
        float, typer.Option(help="Stop after so long; the same command goes on later.")
    ] = math.inf,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    name: Annotated[str, typer.Option(help="The bundle's name; its folder's by default.")] = "",
    version: Annotated[str, typer.Option(help="The bundle's version.")] = "0",
) -> None:
    """Train a network, measure it on patients held out, and write it as a bundle.

    The same command goes on where it was stopped. The bundle is written when the plan is done.
    """
    if len(images) != len(labels):
        raise typer.BadParameter("Give one --labels for each --images.")
    from drscreen.training.card import shown
    from drscreen.training.datasets.report import finding_lines
    from drscreen.training.run import Listener, Source, TrainingRun
    from drscreen.training.trainer import TrainingPlan

    sources = [
        Source(folder.parent.name if folder.name == "images" else folder.name, folder, csv)
        for folder, csv in zip(images, labels, strict=True)
    ]
    plan = TrainingPlan(architecture, size, epochs, batch, trunk_rate=rate, seed=seed)
    with failures_told(), progress_bar() as bar:
        screen = _Screen(bar)
        training = TrainingRun(
            plan,
            sources,
            run,
            start=init,
            device=device,
            listener=Listener(screen.counted, screen.trained),
        )
        for found in training.datasets:
            for line in found.report.lines():
                say(line)
        for line in finding_lines(training.left_out):
            say(line)
        say(f"training on {training.trained_on.size}, measuring on {training.held_out.size}")
        if not training.train(minutes * 60):
            say("Time is up; the same command goes on from here.")
            return
        bundle, evaluation = training.write(out, name or out.name, version)
    say(f"{bundle.info.name} {bundle.info.version} written to {out}")
    say(f"AUC referable {shown(evaluation.auc_referable)}, kappa {shown(evaluation.kappa)}")


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
        self._bar.update(self._tasks["training"], description=f"training, loss {progress.loss:.3f}")
        if self._bar.disable and progress.step % 50 == 0:
            say(
                f"step {progress.step} of {progress.steps}, loss {progress.loss:.3f}, "
                f"{progress.seconds_left / 60:.0f} min left"
            )
