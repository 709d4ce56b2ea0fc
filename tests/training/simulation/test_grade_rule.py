from __future__ import annotations

import numpy as np
import pytest

from drscreen.domain.grading import Grade
from drscreen.training.simulation.grade_rule import Findings, grade_of
from drscreen.training.simulation.recipe import Recipe, draw_recipe


@pytest.mark.parametrize(
    ("findings", "grade"),
    [
        (Findings(), Grade.NONE),
        (Findings(microaneurysms=1), Grade.MILD),
        (Findings(microaneurysms=80), Grade.MILD),
        (Findings(haemorrhages=(0, 1, 0, 0)), Grade.MODERATE),
        (Findings(exudate_clusters=1), Grade.MODERATE),
        (Findings(cotton_wool_spots=1), Grade.MODERATE),
        (Findings(haemorrhages=(90, 90, 90, 20)), Grade.MODERATE),
        (Findings(haemorrhages=(21, 21, 21, 21)), Grade.SEVERE),
        (Findings(beaded_veins=(3, 0, 0, 0)), Grade.MODERATE),
        (Findings(beaded_veins=(1, 0, 1, 0)), Grade.SEVERE),
        (Findings(irma=(0, 0, 0, 1)), Grade.SEVERE),
        (Findings(new_vessels=1), Grade.PROLIFERATIVE),
        (Findings(escaped_blood=1), Grade.PROLIFERATIVE),
        (Findings(irma=(1, 1, 1, 1), new_vessels=1), Grade.PROLIFERATIVE),
    ],
)
def test_each_rule_decides(findings: Findings, grade: Grade) -> None:
    assert grade_of(findings) == grade


def as_findings(recipe: Recipe) -> Findings:
    """What would be found if every wish came true."""
    return Findings(
        microaneurysms=recipe.microaneurysms,
        haemorrhages=recipe.haemorrhages,
        exudate_clusters=recipe.exudate_clusters,
        cotton_wool_spots=recipe.cotton_wool_spots,
        beaded_veins=recipe.beaded_veins,
        irma=recipe.irma,
        new_vessels=recipe.new_vessels_disc + recipe.new_vessels_elsewhere,
        escaped_blood=recipe.preretinal + recipe.vitreous,
    )


@pytest.mark.parametrize("grade", list(Grade))
def test_recipe_means_its_grade(grade: Grade) -> None:
    for seed in range(500):
        recipe = draw_recipe(grade, np.random.default_rng(seed))
        assert grade_of(as_findings(recipe)) == grade


def test_severe_comes_by_each_of_its_rules() -> None:
    recipes = [draw_recipe(Grade.SEVERE, np.random.default_rng(seed)) for seed in range(200)]
    alone = {"haemorrhages": 0, "beading": 0, "irma": 0}
    for recipe in recipes:
        many = min(recipe.haemorrhages) > 20
        beaded, irma = sum(recipe.beaded_veins) >= 2, sum(recipe.irma) >= 1
        alone["haemorrhages"] += many and not beaded and not irma
        alone["beading"] += beaded and not many and not irma
        alone["irma"] += irma and not many and not beaded
    assert min(alone.values()) > 10


def test_confounders_say_nothing_about_the_grade() -> None:
    shares = [
        np.mean([draw_recipe(g, np.random.default_rng(s)).laser_scars > 0 for s in range(600)])
        for g in Grade
    ]
    assert min(shares) > 0.05
    assert max(shares) - min(shares) < 0.08
