"""Pages of HTML that need nothing else: what they share.

What is shown may come from anybody. Templates escape it, pictures are embedded as pictures, because
what is in an SVG's own text could run, and the base template forbids a reader to run or fetch
anything.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

#: Plots by the names that `training.plots` gives them, in the order of a page.
PLOTS = {
    "loss.svg": "Loss while training",
    "roc.svg": "Receiver operating characteristic",
    "reliability.svg": "Reliability of the probabilities",
    "confusion.svg": "Reader's grade and program's grade",
    "risk_coverage.svg": "Risk and coverage of the abstention band",
}


def render(templates: Path, template: str, content: Mapping[str, object]) -> str:
    """The page; a name that the template wants and `content` lacks is a programming error."""
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(content)


def embedded(data: bytes, media_type: str) -> str:
    """A picture's address that holds the picture."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def embedded_plots(find: Callable[[str], bytes | None]) -> list[tuple[str, str]]:
    """Title and address of each plot that `find` has by its name."""
    found = ((title, find(name)) for name, title in PLOTS.items())
    return [(title, embedded(data, "image/svg+xml")) for title, data in found if data is not None]


def plot_in(folder: Path, name: str) -> bytes | None:
    """A plot that lies in a folder."""
    return (folder / name).read_bytes() if (folder / name).is_file() else None
