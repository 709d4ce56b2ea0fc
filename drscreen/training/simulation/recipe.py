"""What to draw for a grade: a list of wishes, as varied as the grade's definition allows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from drscreen.domain.grading import Grade
from drscreen.training.simulation.grade_rule import SEVERE_HAEMORRHAGES, Quadrants

_NONE: Quadrants = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Counts of lesions to draw; quadrants are 0..3 about the fovea. `strength` 0..1: from hardly
    visible to obvious. `flames`: the share of haemorrhages drawn as flames. `laser_scars`,
    `drusen`, `dust`, `specks` are confounders and mean no grade.
    """

    strength: float
    microaneurysms: int = 0
    haemorrhages: Quadrants = _NONE
    flames: float = 0.0
    exudate_clusters: int = 0
    cotton_wool_spots: int = 0
    beaded_veins: Quadrants = _NONE
    irma: Quadrants = _NONE
    new_vessels_disc: int = 0
    new_vessels_elsewhere: int = 0
    preretinal: int = 0
    vitreous: int = 0
    laser_scars: int = 0
    drusen: int = 0
    dust: int = 0
    specks: int = 0


def draw_recipe(grade: Grade, generator: np.random.Generator) -> Recipe:
    """A recipe for a wished grade; confounders come with every grade."""
    recipe = Recipe(strength=float(generator.beta(1.2, 1.7)))
    if grade == Grade.MILD:
        recipe = replace(recipe, microaneurysms=_few(generator, 4.0, least=1))
    elif grade == Grade.MODERATE:
        recipe = _moderate(recipe, generator)
    elif grade == Grade.SEVERE:
        recipe = _severe(recipe, generator)
    elif grade == Grade.PROLIFERATIVE:
        recipe = _proliferative(recipe, generator)
    return _with_confounders(recipe, generator)


def _few(generator: np.random.Generator, mean: float, least: int = 0) -> int:
    """A count with a long tail: most eyes have few of a lesion, some have many."""
    return least + int(generator.geometric(1 / (1 + mean))) - 1


def _scattered(generator: np.random.Generator, mean: float, most: int) -> Quadrants:
    """Haemorrhages by quadrant, never more than `most` in each."""
    uneven = generator.dirichlet((1.5,) * 4) * 4 * mean
    a, b, c, d = (min(most, int(count)) for count in generator.poisson(uneven))
    return a, b, c, d


def _some_quadrants(generator: np.random.Generator, number: int) -> Quadrants:
    chosen = set(generator.permutation(4)[:number].tolist())
    a, b, c, d = (int(quadrant in chosen) for quadrant in range(4))
    return a, b, c, d


def _moderate(recipe: Recipe, generator: np.random.Generator) -> Recipe:
    mean = 0.8 * float(generator.lognormal(0, 0.8))
    haemorrhages = _scattered(generator, mean, SEVERE_HAEMORRHAGES - 2)
    exudates = _few(generator, 1.8) if generator.uniform() < 0.55 else 0
    wool = _few(generator, 0.8, least=1) if generator.uniform() < 0.25 else 0
    if sum(haemorrhages) + exudates + wool == 0:
        haemorrhages = _some_quadrants(generator, int(generator.integers(1, 4)))
    return replace(
        recipe,
        microaneurysms=_few(generator, 7.0),
        haemorrhages=haemorrhages,
        flames=float(generator.uniform(0, 0.35)),
        exudate_clusters=exudates,
        cotton_wool_spots=wool,
        beaded_veins=_some_quadrants(generator, int(generator.uniform() < 0.1)),
    )


def _severe(recipe: Recipe, generator: np.random.Generator) -> Recipe:
    """One rule of the three is met on purpose, others by chance."""
    rule = int(generator.choice(3, p=(0.4, 0.3, 0.3)))
    extra = generator.uniform(size=2) < 0.25
    haemorrhages = _scattered(generator, float(generator.uniform(3, 12)), SEVERE_HAEMORRHAGES)
    if rule == 0:
        a, b, c, d = SEVERE_HAEMORRHAGES + 1 + generator.poisson(3.0, 4)
        haemorrhages = (int(a), int(b), int(c), int(d))
    beaded = int(generator.integers(2, 5)) if rule == 1 or extra[0] else 0
    irma = int(generator.integers(1, 4)) if rule == 2 or extra[1] else 0
    return replace(
        recipe,
        microaneurysms=_few(generator, 15.0),
        haemorrhages=haemorrhages,
        flames=float(generator.uniform(0, 0.35)),
        exudate_clusters=_few(generator, 2.5) if generator.uniform() < 0.7 else 0,
        cotton_wool_spots=_few(generator, 2.5) if generator.uniform() < 0.55 else 0,
        beaded_veins=_some_quadrants(generator, beaded),
        irma=_some_quadrants(generator, irma),
    )


def _proliferative(recipe: Recipe, generator: np.random.Generator) -> Recipe:
    """At least one proliferative sign over anything from a mild to a severe background."""
    signs = generator.uniform(size=4) < (0.4, 0.45, 0.3, 0.22)
    if not signs.any():
        signs[int(generator.integers(4))] = True
    mean = float(generator.lognormal(0.7, 0.8))
    return replace(
        recipe,
        microaneurysms=_few(generator, 10.0),
        haemorrhages=_scattered(generator, mean, 2 * SEVERE_HAEMORRHAGES),
        flames=float(generator.uniform(0, 0.35)),
        exudate_clusters=_few(generator, 2.0) if generator.uniform() < 0.5 else 0,
        cotton_wool_spots=_few(generator, 1.5) if generator.uniform() < 0.4 else 0,
        beaded_veins=_some_quadrants(generator, int(generator.integers(0, 3))),
        irma=_some_quadrants(generator, int(generator.integers(0, 3))),
        new_vessels_disc=int(signs[0]),
        new_vessels_elsewhere=int(signs[1]) * _few(generator, 0.6, least=1),
        preretinal=int(signs[2]) * _few(generator, 0.3, least=1),
        vitreous=int(signs[3]) * _few(generator, 0.5, least=1),
    )


def _with_confounders(recipe: Recipe, generator: np.random.Generator) -> Recipe:
    """Spots that are no diabetic lesion, as likely with one grade as with another.

    In a clinic laser scars go with treated, thus worse, eyes; the scale does not count them.
    """
    laser, drusen, dust, specks = generator.uniform(size=4)
    return replace(
        recipe,
        laser_scars=int(generator.integers(8, 90)) if laser < 0.12 else 0,
        drusen=int(generator.integers(3, 40)) if drusen < 0.12 else 0,
        dust=int(generator.integers(1, 5)) if dust < 0.2 else 0,
        specks=int(generator.integers(1, 6)) if specks < 0.2 else 0,
    )
