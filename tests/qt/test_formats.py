"""Every kind of file that the dialog offers: graded, recorded, shown, and shown again later."""

from __future__ import annotations

import ast
import io
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import drscreen
from drscreen.adapters.imaging.reader import PillowReader
from drscreen.domain.errors import PhotographUnshowable
from drscreen.qt.controllers.pictures import decoded
from drscreen.qt.views.theme import Theme
from tests.qt.clinic import WAIT, Clinic

SIZE = (140, 120)
DISC = (170, 80, 40)


def drawing(mode: str = "RGB") -> Image.Image:
    """A disc on black, the left half of it brighter, so that a turned picture is noticed."""
    image = Image.new("RGB", SIZE)
    pen = ImageDraw.Draw(image)
    pen.ellipse((15, 10, 125, 110), fill=DISC)
    pen.rectangle((40, 40, 60, 80), fill=(250, 240, 200))
    return image.convert(mode)


def grey_16() -> Image.Image:
    return Image.fromarray(np.asarray(drawing("L")).astype(np.uint16) * 257)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def big_endian_tiff() -> bytes:
    """Grey, uncompressed, written by hand: Pillow writes little-endian only."""
    pixels = drawing("L").tobytes()
    entries = [
        (256, 3, 1, SIZE[0] << 16),
        (257, 3, 1, SIZE[1] << 16),
        (258, 3, 1, 8 << 16),
        (259, 3, 1, 1 << 16),
        (262, 3, 1, 1 << 16),
        (273, 4, 1, 8),
        (277, 3, 1, 1 << 16),
        (278, 3, 1, SIZE[1] << 16),
        (279, 4, 1, len(pixels)),
    ]
    directory = struct.pack(">H", len(entries))
    directory += b"".join(struct.pack(">HHII", *entry) for entry in entries) + bytes(4)
    return b"MM\x00*" + struct.pack(">I", 8 + len(pixels)) + pixels + directory


FILES = {
    "baseline.jpg": lambda: saved(drawing(), "JPEG"),
    "progressive.jpeg": lambda: saved(drawing(), "JPEG", progressive=True),
    "grey.JPG": lambda: saved(drawing("L"), "JPEG"),
    "cmyk.jpg": lambda: saved(drawing("CMYK"), "JPEG"),
    "colour.png": lambda: saved(drawing(), "PNG"),
    "palette.png": lambda: saved(drawing("P"), "PNG"),
    "alpha.png": lambda: saved(drawing("RGBA"), "PNG"),
    "grey16.png": lambda: saved(grey_16(), "PNG"),
    "colour.bmp": lambda: saved(drawing(), "BMP"),
    "palette.bmp": lambda: saved(drawing("P"), "BMP"),
    "plain.tif": lambda: saved(drawing(), "TIFF"),
    "lzw.tiff": lambda: saved(drawing(), "TIFF", compression="tiff_lzw"),
    "deflate.tif": lambda: saved(drawing(), "TIFF", compression="tiff_adobe_deflate"),
    "packbits.tif": lambda: saved(drawing(), "TIFF", compression="packbits"),
    "jpeg_inside.tif": lambda: saved(drawing(), "TIFF", compression="jpeg", quality=95),
    "zstd.tif": lambda: saved(drawing(), "TIFF", compression="zstd"),
    "lzma.tif": lambda: saved(drawing(), "TIFF", compression="lzma"),
    "grey.TIF": lambda: saved(drawing("L"), "TIFF"),
    "grey16.tif": lambda: saved(grey_16(), "TIFF"),
    "cmyk.tif": lambda: saved(drawing("CMYK"), "TIFF"),
    "palette.tif": lambda: saved(drawing("P"), "TIFF"),
    "lab.tif": lambda: saved(drawing("LAB"), "TIFF"),
    "big.tif": lambda: saved(drawing(), "TIFF", big_tiff=True),
    "big_endian.tif": big_endian_tiff,
}


@pytest.fixture
def reading_clinic(qtbot: QtBot, theme: Theme) -> Iterator[Clinic]:
    """The clinic with the reader that screening has."""
    made = Clinic(qtbot, theme, reader=PillowReader())
    yield made
    made.close()


def test_every_kind_of_file_is_graded_shown_and_shown_again_after_a_restart(
    reading_clinic: Clinic, tmp_path: Path, qtbot: QtBot, theme: Theme
) -> None:
    clinic = reading_clinic
    paths = []
    for number, (name, made) in enumerate(FILES.items()):
        path = tmp_path / f"{number:02}_od_{name}"
        path.write_bytes(made())
        paths.append(path)
    clinic.sign_in()
    clinic.open_new_patient("A-7")
    clinic.add(*paths)
    clinic.screen()
    assert [(row.item.path.name, row.words) for row in clinic.window.patient.incoming.rows] == []
    clinic.close()

    again = Clinic(qtbot, theme, clinic.store, PillowReader())
    try:
        again.sign_in()
        with qtbot.waitSignal(again.desk.pictures.photograph_ready, timeout=WAIT):
            again.window.open_patient("A-7")
        session = again.desk.session.session
        assert session is not None
        file = session.records.open_file("A-7")
        (exam,) = file.exams
        assert len(exam.photographs) == len(FILES)
        view = again.window.patient.photograph.view
        for record in exam.photographs:
            again.window.patient.exams.show_file(file, record.id)
            again.settle()
            assert view.has_picture
            assert view.sceneRect().size().toSize().toTuple() == SIZE
            assert again.desk.pictures.thumbnail(record.id) is not None
    finally:
        again.close()


@pytest.mark.parametrize("name", FILES)
def test_a_photograph_is_shown_in_the_colours_that_are_graded(
    qapp: QApplication, name: str
) -> None:
    data = FILES[name]()
    reader = PillowReader()
    graded = reader.decode(data).image
    shown = decoded(data, pixels=reader.whole)
    assert (shown.width(), shown.height()) == SIZE
    for x, y in ((30, 60), (50, 60), (110, 60), (5, 5)):
        place = 3 * (y * SIZE[0] + x)
        assert shown.pixelColor(x, y) == QColor(*graded.pixels[place : place + 3])


def test_a_record_that_cannot_be_shown_says_so_and_the_others_go_on(
    reading_clinic: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic = reading_clinic
    files = [tmp_path / "one_od.png", tmp_path / "two_os.tif"]
    for file in files:
        drawing().save(file)
    clinic.sign_in()
    clinic.open_new_patient()
    clinic.add(*files)
    clinic.screen()
    session = clinic.desk.session.session
    assert session is not None
    (exam,) = session.records.open_file("A-1").exams
    spoilt, whole = exam.photographs
    kept = session.records.photograph

    def photograph(photograph_id: str) -> bytes:
        return b"not a picture" if photograph_id == spoilt.id else kept(photograph_id)

    monkeypatch.setattr(session.records, "photograph", photograph)
    clinic.desk.pictures.use(session.records)
    pane = clinic.window.patient.photograph
    pane.show_record(whole)
    clinic.settle()
    pane.show_record(spoilt)
    clinic.settle()
    assert not pane.view.has_picture
    assert "cannot be shown" in pane.view.hint
    assert "in the records, untouched" in pane.view.hint
    pane.show_record(whole)
    clinic.settle()
    assert pane.view.has_picture


def test_what_no_decoder_reads_is_an_error_in_words(qapp: QApplication) -> None:
    for pixels in (None, PillowReader().whole):
        with pytest.raises(PhotographUnshowable, match="cannot be shown"):
            decoded(b"not a picture", pixels=pixels)


def test_a_picture_lets_go_of_its_bytes_before_they_go(tmp_path: Path) -> None:
    """Fifty times each, whole, small and broken, in a process of its own: it must not be killed."""
    for name in ("plain.tif", "lzw.tiff", "jpeg_inside.tif", "baseline.jpg", "colour.png"):
        (tmp_path / name).write_bytes(FILES[name]())
    (tmp_path / "cut.tif").write_bytes(FILES["lzw.tiff"]()[:-400])
    script = (
        "import sys, pathlib\n"
        "from PySide6.QtGui import QGuiApplication\n"
        "app = QGuiApplication(sys.argv)\n"
        "from drscreen.domain.errors import PhotographUnshowable\n"
        "from drscreen.qt.controllers.pictures import decoded\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
        "    for turn in range(50):\n"
        "        try:\n"
        "            decoded(path.read_bytes(), 60 if turn % 2 else None)\n"
        "        except PhotographUnshowable:\n"
        "            pass\n"
        "print('all decoded')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "all decoded"), done.stderr


#: Qt's objects that hold on to another one, which they touch once more as they end.
HOLDERS = {
    "QDataStream",
    "QImageReader",
    "QImageWriter",
    "QMovie",
    "QPainter",
    "QPdfWriter",
    "QTextStream",
    "QXmlStreamReader",
    "QXmlStreamWriter",
}


def test_what_reads_from_another_object_is_released_by_a_with_statement() -> None:
    """`image_reader` is where a reader is made; everything else stands in a with statement."""
    loose = []
    for file in sorted(Path(drscreen.__file__).parent.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        released = {
            id(item.context_expr)
            for node in ast.walk(tree)
            if isinstance(node, ast.With)
            for item in node.items
        }
        for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
            if function.name == "image_reader":
                released |= {id(node) for node in ast.walk(function)}
        loose += [
            f"{file.name}:{node.lineno} {node.func.id}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in HOLDERS
            and id(node) not in released
        ]
    assert loose == []
