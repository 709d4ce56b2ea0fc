"""A bundle's card as one page of HTML that needs nothing else: card, figures, plots, tensors.

A bundle may come from anybody. The template escapes all that is in it, the card's Markdown may hold
neither HTML nor pictures, and the page forbids its reader to run or fetch anything.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from drscreen.adapters.model.bundle import Bundle
from drscreen.adapters.model.inventory import stored_tensors
from drscreen.training.evaluation import FIGURES, recorded
from drscreen.training.metrics import shown

TEMPLATE = "model_card.html"
#: A run's plots by the names that `training.plots` gives them.
PLOTS = {
    "loss.svg": "Loss while training",
    "roc.svg": "Receiver operating characteristic",
    "reliability.svg": "Reliability of the probabilities",
    "confusion.svg": "Reader's grade and program's grade",
    "risk_coverage.svg": "Risk and coverage of the abstention band",
}
_BAND = ("low", "high", "coverage", "missed_share", "wrong_share")


def card_page(bundle: Bundle, templates: Path, run: Path | None = None) -> str:
    """The page. `templates` holds the template; `run` is a training's folder with plots in it.

    Figures that a manifest does not have, or has in no form known here, are left out. Raises
    `BundleDamaged`.
    """
    tensors = stored_tensors(bundle)
    metrics = bundle.manifest.get("metrics")
    metrics = metrics if isinstance(metrics, Mapping) else {}
    environment = Environment(
        loader=FileSystemLoader(templates), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template(TEMPLATE).render(
        name=bundle.info.name,
        version=bundle.info.version,
        architecture=bundle.architecture,
        size=bundle.input.size,
        sha256=bundle.info.sha256,
        notice=bundle.manifest.get("notice", ""),
        card=_card(bundle.card),
        figures=_figures(metrics),
        bands=_bands(metrics.get("risk_coverage")),
        plots=_plots(run) if run else [],
        tensors=tensors,
        parameters=sum(math.prod(tensor.shape) for tensor in tensors),
        bytes=sum(tensor.size for tensor in tensors),
    )


def _card(text: str) -> Markup:
    """CommonMark with tables; HTML in it is shown as text, links to scripts are no links."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    return Markup(markdown.render(text))  # noqa: S704 - escaped by the renderer


def _figures(metrics: Mapping[str, Any]) -> dict[str, Any] | None:
    by_source = metrics.get("by_source")
    columns = {"all held out": metrics.get("held_out")}
    if isinstance(by_source, Mapping) and len(by_source) > 1:
        columns |= by_source
    rows = []
    for name, label in FIGURES.items():
        cells = [recorded(evaluation, name) for evaluation in columns.values()]
        if any(cells):
            rows.append((label, [shown(cell) if cell else "-" for cell in cells]))
    return {"columns": list(columns), "rows": rows} if rows else None


def _bands(curve: object) -> list[list[str]]:
    points = curve if isinstance(curve, list) else []
    return [
        [f"{x:.3f}" if isinstance(x := point.get(key), int | float) else "-" for key in _BAND]
        for point in points
        if isinstance(point, Mapping)
    ]


def _plots(run: Path) -> list[tuple[str, str]]:
    """Titles and pictures. As pictures, because what is in an SVG's own text could run."""
    found = []
    for name, title in PLOTS.items():
        if (run / name).is_file():
            encoded = base64.b64encode((run / name).read_bytes()).decode()
            found.append((title, f"data:image/svg+xml;base64,{encoded}"))
    return found
