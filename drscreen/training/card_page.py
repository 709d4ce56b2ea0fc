"""A bundle's card as one page of HTML that needs nothing else: card, figures, plots, tensors.

A bundle may come from anybody. The template escapes all that is in it, the card's Markdown may hold
neither HTML nor pictures, and the page forbids its reader to run or fetch anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

from drscreen.adapters.model.bundle import Bundle
from drscreen.adapters.model.inventory import StoredTensor, stored_tensors
from drscreen.training.evaluation import FIGURES, recorded
from drscreen.training.metrics import shown
from drscreen.training.page import embedded_plots, plot_in, render

TEMPLATE = "model_card.html"
#: A ResNet's stages in the order in which a photograph passes them.
_FORWARD = ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc", "lesions")
_BAND = ("low", "high", "coverage", "missed_share", "wrong_share")


def card_page(bundle: Bundle, templates: Path, run: Path | None = None) -> str:
    """The page. `templates` holds the template; plots are the bundle's own, or those in the folder
    `run` of a training.

    Figures that a manifest does not have, or has in no form known here, are left out. Raises
    `BundleDamaged`.
    """
    tensors = stored_tensors(bundle)
    metrics = bundle.manifest.get("metrics")
    metrics = metrics if isinstance(metrics, Mapping) else {}
    content = {
        "name": bundle.info.name,
        "version": bundle.info.version,
        "architecture": bundle.architecture,
        "size": bundle.input.size,
        "sha256": bundle.info.sha256,
        "signature": bundle.signature.words,
        "notice": bundle.manifest.get("notice", ""),
        "card": _card(bundle.card),
        "figures": _figures(metrics),
        "bands": _bands(metrics.get("risk_coverage")),
        "plots": embedded_plots(partial(plot_in, run) if run else bundle.plot),
        "stages": _stages(tensors),
        "tensors": tensors,
        "parameters": sum(tensor.parameters for tensor in tensors),
        "bytes": sum(tensor.size for tensor in tensors),
    }
    return render(templates, TEMPLATE, content)


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


def _stages(tensors: Sequence[StoredTensor]) -> list[dict[str, Any]]:
    """The network from input to output: each stage with its layers that have parameters."""
    stages: dict[str, list[StoredTensor]] = {}
    for tensor in tensors:
        stages.setdefault(tensor.name.partition(".")[0], []).append(tensor)
    ordered = sorted(stages, key=lambda s: _FORWARD.index(s) if s in _FORWARD else len(_FORWARD))
    return [
        {
            "name": name,
            "layers": sum(t.name.endswith(".weight") for t in stages[name]),
            "parameters": sum(t.parameters for t in stages[name]),
            "bytes": sum(t.size for t in stages[name]),
        }
        for name in ordered
    ]
