"""Pages in any script: shaped, in its direction, with the fonts in the file.

fpdf2 shapes with HarfBuzz and orders by the Unicode bidirectional algorithm. What is added here:
the fonts, loaded where a letter needs them; and the text as it was typed, laid under the glyphs of
scripts that reorder them (PDF 2.0, 14.9.4 "replacement text"), so that a search finds it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import cast

from fpdf import FPDF
from fpdf.enums import Align, MethodReturnValue, XPos, YPos
from PIL import Image

from drscreen.adapters.report.scripts import (
    BASE,
    fonts_of,
    is_reordered,
    is_right_to_left,
    main_font,
)

# Both name letters of the text that a font lacks, or tables of it that are not needed.
for _library in ("fpdf", "fontTools"):
    logging.getLogger(_library).setLevel(logging.CRITICAL)

MARGIN = 18.0
_FOOT_SIZE = 7.5
_LEADING = 1.45
_MM_PER_POINT = 25.4 / 72
_GAP = 4.0


class Paper:
    """An A4 document that grows downwards. Millimetres, points for letters. One thread.

    `fonts` is the folder of the font files that `scripts` names; `foot` stands on every page.
    """

    def __init__(self, fonts: Path, *, title: str, author: str, foot: str) -> None:
        self._fonts = fonts
        self._pages = _Pages(self, foot)
        self._pages.set_title(title)
        self._pages.set_author(author)
        self._pages.set_margin(MARGIN)
        self._pages.set_auto_page_break(auto=True, margin=MARGIN)
        self._pages.set_text_shaping(True)
        self._pages.add_page()

    def text(self, text: str, size: float = 9.0, *, before: float = 0.0) -> None:
        """A paragraph; at the right margin where its script begins there."""
        self._pages.ln(before)
        self._lines(text, size, self._pages.l_margin, self._pages.epw)

    def field(self, name: str, value: str, size: float = 9.0, *, name_width: float = 45.0) -> None:
        """A value beside its name, never parted by a page's end."""
        left, width = self._pages.l_margin, self._pages.epw
        self._room(self._height(value, size, width - name_width))
        top = self._pages.y
        self._lines(name, size, left, name_width)
        below = self._pages.y
        self._pages.set_y(top)
        self._lines(value, size, left + name_width, width - name_width, to_its_margin=False)
        self._pages.set_y(max(below, self._pages.y))

    def beside_picture(self, picture: bytes, lines: Sequence[str], width: float) -> None:
        """Lines beside a JPEG `width` wide, under a thin rule, never parted by a page's end.

        Empty bytes leave the place of the picture empty.
        """
        left = self._pages.l_margin + width + _GAP
        beside = self._pages.epw - width - _GAP
        height = sum(self._height(line, 9.0, beside) for line in lines)
        tall = _height_at(width, picture) if picture else 0.0
        self._room(max(height, tall) + _GAP)
        top = self._pages.y
        self._pages.set_draw_color(211)
        self._pages.set_line_width(0.14)
        self._pages.line(MARGIN, top, self._pages.w - MARGIN, top)
        if picture:
            self._pages.image(BytesIO(picture), MARGIN, top + 1, width)
        self._pages.set_y(top + 1)
        for line in lines:
            self._lines(line, 9.0, left, beside, to_its_margin=False)
        self._pages.set_y(max(self._pages.y, top + tall + 1) + _GAP - 1)

    def content(self) -> bytes:
        """The PDF's bytes."""
        return bytes(self._pages.output())

    @contextmanager
    def _written(self, text: str) -> Iterator[None]:
        """Around what draws `text`: the text itself, for readers, where glyphs do not tell it."""
        marked = is_reordered(text)
        if marked:
            typed = b"\xfe\xff" + text.encode("utf-16-be", "surrogatepass")
            self._pages._out(f"/Span <</ActualText <{typed.hex()}>>> BDC")
        yield
        if marked:
            self._pages._out("EMC")

    def _lines(
        self, text: str, size: float, left: float, width: float, *, to_its_margin: bool = True
    ) -> None:
        for line in text.splitlines() or [""]:
            height = self._height(line, size, width)
            # Marked content may not run over a page's end.
            self._room(height)
            self._pages.set_x(left)
            align = Align.R if to_its_margin and is_right_to_left(line) else Align.L
            with self._written(line):
                self._pages.multi_cell(
                    width,
                    _line_height(size),
                    line,
                    align=align,
                    new_x=XPos.LMARGIN,
                    new_y=YPos.NEXT,
                )

    def _height(self, text: str, size: float, width: float) -> float:
        """How tall the paragraph stands; its fonts are the ones in use afterwards."""
        total = 0.0
        for line in text.splitlines() or [""]:
            self.use_fonts(line, size)
            height = self._pages.multi_cell(
                width, _line_height(size), line, dry_run=True, output=MethodReturnValue.HEIGHT
            )
            total += cast("float", height)
        return total

    def use_fonts(self, text: str, size: float) -> None:
        """Load what the text needs, and draw it by the font of most of its letters."""
        main = main_font(text)
        for name in (BASE, main, *sorted(fonts_of(text))):
            if name.lower() not in self._pages.fonts:
                self._pages.add_font(name, "", self._fonts / name)
                self._pages.set_fallback_fonts(list(self._pages.fonts), exact_match=False)
        self._pages.set_font(main, size=size)

    def _room(self, height: float) -> None:
        if self._pages.will_page_break(height) and self._pages.y > self._pages.t_margin:
            self._pages.add_page()


class _Pages(FPDF):
    """fpdf2's document, whose footer is a method to override."""

    def __init__(self, paper: Paper, foot: str) -> None:
        super().__init__(format="A4")
        self._paper = paper
        self._foot = foot

    def footer(self) -> None:
        """Called by fpdf2 at each page's end."""
        self._paper.use_fonts(self._foot, _FOOT_SIZE)
        self.set_y(-13)
        self.cell(0, 5, self._foot)
        self.set_x(self.l_margin)
        self.cell(0, 5, str(self.page_no()), align=Align.R)


def _height_at(width: float, picture: bytes) -> float:
    with Image.open(BytesIO(picture), formats=("JPEG",)) as opened:
        return width * opened.height / opened.width


def _line_height(size: float) -> float:
    return size * _MM_PER_POINT * _LEADING
