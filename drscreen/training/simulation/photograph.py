"""A photograph of a healthy eye with lesions drawn onto it: the package's one entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from drscreen.domain.grading import Grade
from drscreen.training.simulation.appearance import measure_appearance
from drscreen.training.simulation.bright_lesions import draw_cotton_wool, draw_exudates
from drscreen.training.simulation.canvas import Canvas
from drscreen.training.simulation.confounders import (
    draw_drusen,
    draw_dust,
    draw_laser_scars,
    draw_speck,
)
from drscreen.training.simulation.escaped_blood import draw_preretinal, draw_vitreous
from drscreen.training.simulation.grade_rule import Findings, Quadrants, grade_of
from drscreen.training.simulation.landmarks import Point, find_landmarks
from drscreen.training.simulation.placement import Places
from drscreen.training.simulation.recipe import Recipe, draw_recipe
from drscreen.training.simulation.red_lesions import (
    draw_flame,
    draw_haemorrhage,
    draw_microaneurysm,
)
from drscreen.training.simulation.vessel_lesions import draw_beading, draw_irma, draw_new_vessels

#: Recipes tried before a picture is taken not to allow the wished grade.
_ATTEMPTS = 3

Draw = Callable[[Canvas, Point, float, np.random.Generator], bool]


@dataclass(frozen=True, slots=True)
class SimulatedPhotograph:
    """`square`: uint8 (size, size, 3). `lesions`: bool (len(LesionClass), size, size), where each
    class changed the picture noticeably. `grade` follows from `findings`, what was in fact drawn.
    """

    square: npt.NDArray[np.uint8]
    lesions: npt.NDArray[np.bool_]
    grade: Grade
    findings: Findings


def simulate(
    square: npt.NDArray[np.uint8], grade: Grade, generator: np.random.Generator
) -> SimulatedPhotograph:
    """Draw what `grade` calls for onto a prepared square, uint8 (size, size, 3), of grade 0.

    The same square, grade and state of the generator give the same result. The result's grade is
    the wished one wherever the picture has room for it; a black square stays black and grade 0.
    The input is not changed. Never raises for a picture's content. About 20 to 30 ms at 384 pixels.
    """
    for _ in range(_ATTEMPTS):
        drawn = carry_out(square, draw_recipe(grade, generator), generator)
        if drawn.grade == grade:
            break
    return drawn


def carry_out(
    square: npt.NDArray[np.uint8], recipe: Recipe, generator: np.random.Generator
) -> SimulatedPhotograph:
    """Draw a recipe; what finds no place or cannot be seen is left out of the findings."""
    landmarks = find_landmarks(square)
    canvas = Canvas(square, landmarks, measure_appearance(square, landmarks))
    brush = _Brush(canvas, Places(landmarks, generator), recipe.strength, generator)
    findings = brush.draw(recipe)
    new = np.rint(canvas.pixels).astype(np.uint8)
    differs = new != square
    changed = differs[..., 0] | differs[..., 1] | differs[..., 2]
    return SimulatedPhotograph(new, canvas.marks & changed, grade_of(findings), findings)


class _Brush:
    """Repeats a lesion until as many as wished are seen, or the tries are spent."""

    def __init__(
        self, canvas: Canvas, places: Places, strength: float, generator: np.random.Generator
    ) -> None:
        self._canvas = canvas
        self._places = places
        self._strength = strength
        self._generator = generator

    def draw(self, recipe: Recipe) -> Findings:
        """Everything, from the deepest layer to what lies before the retina."""
        canvas, places, generator = self._canvas, self._places, self._generator
        draw_laser_scars(canvas, places, recipe.laser_scars, self._strength, generator)
        draw_drusen(canvas, places, recipe.drusen, self._strength, generator)
        beaded = self._by_quadrant(recipe.beaded_veins, places.on_vein, draw_beading)
        exudates = self._repeat(recipe.exudate_clusters, lambda: places.macular(1.1), draw_exudates)
        wool = self._repeat(recipe.cotton_wool_spots, places.arcade, draw_cotton_wool)
        aneurysms = self._repeat(recipe.microaneurysms, places.posterior, draw_microaneurysm)
        haemorrhages = self._by_quadrant(
            recipe.haemorrhages, places.in_quadrant, self._haemorrhage(recipe.flames)
        )
        irma = self._by_quadrant(recipe.irma, places.in_quadrant, draw_irma)
        elsewhere = self._repeat(recipe.new_vessels_elsewhere, places.on_vein, draw_new_vessels)
        at_disc = self._repeat(
            recipe.new_vessels_disc, lambda: canvas.landmarks.disc, draw_new_vessels
        )
        preretinal = self._repeat(recipe.preretinal, places.anywhere, draw_preretinal)
        vitreous = self._repeat(recipe.vitreous, places.anywhere, draw_vitreous)
        for _ in range(recipe.dust):
            draw_dust(canvas, places, generator)
        for _ in range(recipe.specks):
            draw_speck(canvas, places, generator)
        return Findings(
            microaneurysms=aneurysms,
            haemorrhages=haemorrhages,
            exudate_clusters=exudates,
            cotton_wool_spots=wool,
            beaded_veins=beaded,
            irma=irma,
            new_vessels=elsewhere + at_disc,
            escaped_blood=preretinal + vitreous,
        )

    def _repeat(self, count: int, place: Callable[[], Point | None], draw: Draw) -> int:
        seen = 0
        for _ in range(3 * count + 4 * (count > 0)):
            at = place()
            if at is not None:
                # Every lesion has its own strength about the photograph's.
                strength = np.clip(self._strength + self._generator.normal(0, 0.2), 0, 1)
                seen += draw(self._canvas, at, float(strength), self._generator)
            if seen == count:
                break
        return seen

    def _by_quadrant(
        self, counts: Quadrants, place: Callable[[int], Point | None], draw: Draw
    ) -> Quadrants:
        a, b, c, d = (
            self._repeat(count, partial(place, quadrant), draw)
            for quadrant, count in enumerate(counts)
        )
        return a, b, c, d

    @staticmethod
    def _haemorrhage(flames: float) -> Draw:
        def draw(
            canvas: Canvas, at: Point, strength: float, generator: np.random.Generator
        ) -> bool:
            kind = draw_flame if generator.uniform() < flames else draw_haemorrhage
            return kind(canvas, at, strength, generator)

        return draw
