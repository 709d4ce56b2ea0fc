"""Data sets, runs, and what a training writes."""

from __future__ import annotations

from drscreen.domain.errors.base import DrscreenError


class DatasetError(DrscreenError):
    """Labels or photographs of a data set that cannot be used."""

    code = "dataset"
    advice = "Correct the labels file, then start again."


class CheckpointError(DrscreenError):
    """A checkpoint that belongs to another run or cannot be read."""

    code = "checkpoint"
    advice = "Name another run folder, or start afresh without it."


class CheckpointUnwritable(DrscreenError):
    """A training's state or log does not fit on the disk or may not be written."""

    code = "checkpoint_unwritable"
    kept = "The training is kept as it was last saved."
    advice = "Free some room on the disk, then give the same command: it goes on from there."


class SquaresUnwritable(DrscreenError):
    """The prepared photographs of a training do not fit or may not be written."""

    code = "squares_unwritable"
    kept = "Nothing half-written was left."
    advice = "Free some room on the disk, or name another run folder, then start again."


class PlottingUnavailable(DrscreenError):
    """The library that draws a training's curves is not installed; screening does without it."""

    code = "plotting_unavailable"
    kept = "The training and its measurement are whole; only the pictures are missing."
    advice = 'Install it with: pip install "matplotlib>=3.9"'
