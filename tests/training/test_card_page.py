"""A network's page, of bundles that may be anybody's."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from drscreen.adapters.model.bundle import Bundle
from drscreen.adapters.model.bundle_writer import write_bundle
from drscreen.training.card_page import card_page
from tests.bundles import content, random_tensors
from tests.shared_data import ROOT

TEMPLATES = ROOT / "resources" / "templates"
SCRIPT = "<script>alert(1)</script>"


def bundle_with(folder: Path, **changes: Any) -> Bundle:
    return write_bundle(folder, random_tensors(), dataclasses.replace(content(), **changes))


def test_the_page_shows_card_figures_and_every_tensor(tmp_path: Path) -> None:
    auc = {"value": 0.861, "low": 0.812, "high": 0.905}
    part = {"value": 0.7, "low": None, "high": None}
    band = {"low": 0.2, "high": 0.4, "coverage": 0.91, "missed_share": None, "wrong_share": 0.05}
    bundle = bundle_with(
        tmp_path / "trial",
        card="# trial\n\n| a | b |\n|---|---|\n| one | two |\n",
        metrics={
            "held_out": {"auc_referable": auc},
            "by_source": {"north": {"auc_referable": auc}, "south": {"auc_referable": part}},
            "risk_coverage": [band],
        },
    )
    page = card_page(bundle, TEMPLATES)
    assert "<h1>trial</h1>" in page
    assert "<td>two</td>" in page
    assert page.count("0.861 (0.812 to 0.905)") == 2
    assert "<th>south</th>" in page
    assert '<td class="number">0.910</td><td class="number">-</td>' in page
    for name, values in random_tensors().items():
        assert f'<td class="name">{name}</td><td>{" × ".join(map(str, values.shape))}</td>' in page
    assert "<td>int8</td>" in page
    assert "http" not in page.replace("http-equiv", "")
    assert "--run DIR" in page


@pytest.mark.parametrize(
    "metrics",
    [
        {"held_out": SCRIPT, "by_source": 3, "risk_coverage": [SCRIPT, {"low": SCRIPT}]},
        {"by_source": {SCRIPT: {"kappa": {"value": 1, "low": 1, "high": 1}}, "b": [SCRIPT]}},
    ],
)
def test_nothing_in_a_bundle_runs_in_a_reader_s_browser(
    tmp_path: Path, metrics: dict[str, Any]
) -> None:
    bundle = bundle_with(
        tmp_path / "trial",
        name=SCRIPT,
        version='"><img src=x onerror=alert(1)>',
        card=f"# {SCRIPT}\n\n[click](javascript:alert(1)) ![eye](http://elsewhere/eye.png)\n",
        metrics=metrics,
    )
    page = card_page(bundle, TEMPLATES)
    assert "<script" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page
    assert "&lt;script&gt;" in page


def test_plots_of_its_training_are_inside_the_page(tmp_path: Path) -> None:
    (tmp_path / "roc.svg").write_text(f"<svg>{SCRIPT}</svg>")
    page = card_page(bundle_with(tmp_path / "trial"), TEMPLATES, tmp_path)
    assert page.count('src="data:image/svg+xml;base64,') == 1
    assert "Receiver operating characteristic" in page
    assert SCRIPT not in page
    # A bundle's own are shown where no folder is named.
    own = bundle_with(tmp_path / "own", plots={"loss.svg": b"<svg/>"})
    assert "Loss while training" in card_page(own, TEMPLATES)
