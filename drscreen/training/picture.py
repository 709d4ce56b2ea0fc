"""How pictures of a training look, and how they are written. matplotlib is loaded on first use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from drscreen.domain.errors import PlottingUnavailable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Colours that colour-blind people tell apart (Okabe and Ito, 2008; SKY is a lighter tint of
#: theirs). No curve is told by its colour alone.
BLUE, VERMILLION, SKY, GREY = "#0072B2", "#D55E00", "#9AD0F0", "#666666"

_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "drscreen",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#DDDDDD",
    "legend.fontsize": 9,
    "legend.frameon": False,
}


@contextmanager
def picture(path: Path, width: float, height: float) -> Iterator[Figure]:
    """A figure of so many inches to draw on, written to `path` as SVG at the end.

    Text stays text, so that it can be searched and copied. The same drawing by the same matplotlib
    gives the same bytes, whatever the user's own matplotlib settings are. Raises
    `PlottingUnavailable`. One thread at a time: matplotlib's settings are global.
    """
    try:
        import matplotlib.style
        from matplotlib.figure import Figure
    except ImportError as error:
        raise PlottingUnavailable("Drawing needs matplotlib, which is not installed.") from error
    with matplotlib.style.context(["default", _STYLE]):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        figure.supxlabel("Research use, not a cleared device.", x=0.99, ha="right", fontsize=7)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": "drscreen"})
