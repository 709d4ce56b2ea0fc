"""Does the same photograph give the same bits, whatever surrounds it?"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from drscreen.adapters.model.predictor import TorchPredictor, using_threads
from drscreen.domain.image import RgbImage
from drscreen.domain.settings import DeviceChoice

Logits = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """One way of asking again: `different` of `asked` answers were not the first one, bit for bit;
    the farthest was off by `farthest` (logits).
    """

    way: str
    asked: int
    different: int
    farthest: float


def repeat(
    bundle: Path, squares: Sequence[RgbImage], times: int, device: DeviceChoice
) -> list[Trial]:
    """Ask a network about prepared squares again and again: by itself, among neighbours in either
    order, freshly loaded, from another thread, told to use other numbers of threads, and in another
    process, as after a restart.

    Raises a `BundleError`, `DeviceUnavailable` or `PredictionFailed`. torch's number of threads is
    as before afterwards.
    """
    predictor = TorchPredictor(bundle, device)
    first = [predictor.predict([square])[0] for square in squares]

    def alone() -> list[Logits]:
        return [predictor.predict([square])[0] for square in squares]

    def among_neighbours() -> list[Logits]:
        return predictor.predict(squares)

    def in_reverse() -> list[Logits]:
        return predictor.predict(squares[::-1])[::-1]

    def freshly_loaded() -> list[Logits]:
        return TorchPredictor(bundle, device).predict(squares)

    def from_another_thread() -> list[Logits]:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(predictor.predict, squares).result()

    def with_threads(count: int) -> Callable[[], list[Logits]]:
        def ask() -> list[Logits]:
            with using_threads(count):
                return predictor.predict(squares)

        return ask

    def after_a_restart() -> list[Logits]:
        # Spawned, not forked: nothing of this process is there.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            return pool.submit(_predict, bundle, squares, device).result()

    ways: list[tuple[str, int, Callable[[], list[Logits]]]] = [
        ("again", times, alone),
        ("among neighbours", times, among_neighbours),
        ("in another order", times, in_reverse),
        ("freshly loaded", 1, freshly_loaded),
        ("from another thread", times, from_another_thread),
        *((f"told to use {n} threads", 1, with_threads(n)) for n in _thread_counts()),
        ("after a restart", 1, after_a_restart),
    ]
    return [_tried(way, count, ask, first) for way, count, ask in ways]


def _thread_counts() -> list[int]:
    """One, two, and as many as there are cores: how the work is cut up differs between them."""
    return sorted({1, 2, os.cpu_count() or 1})


def _predict(bundle: Path, squares: Sequence[RgbImage], device: DeviceChoice) -> list[Logits]:
    return TorchPredictor(bundle, device).predict(squares)


def _tried(way: str, count: int, ask: Callable[[], list[Logits]], first: Sequence[Logits]) -> Trial:
    different, farthest = 0, 0.0
    for _ in range(count):
        for expected, found in zip(first, ask(), strict=True):
            different += found != expected
            gaps = (abs(a - b) for a, b in zip(expected, found, strict=True))
            farthest = max(farthest, *gaps)
    return Trial(way, count * len(first), different, farthest)
