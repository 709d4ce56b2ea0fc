"""Recorded photographs as pictures for the screen, read and decoded off the GUI thread."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader

from drscreen.domain.cancel import CancelToken
from drscreen.domain.errors import Cancelled, PhotographError, PhotographUnshowable
from drscreen.domain.image import RgbImage
from drscreen.qt.background import Background, Priority
from drscreen.qt.failure import Failure
from drscreen.services.records import RecordsService

THUMBNAIL_SIDE = 112
THUMBNAIL_QUALITY = 88
THUMBNAILS_KEPT = 400
PHOTOGRAPHS_KEPT = 4
_RGB = QImage.Format.Format_RGB888


class Pixels(Protocol):
    """`drscreen.domain.ports.PhotographReader.whole`."""

    def __call__(
        self, data: bytes, cancel: CancelToken | None = None, side: int | None = None
    ) -> RgbImage:
        """The picture upright, every pixel of it or enough for `side`."""
        ...


def decoded(
    data: bytes,
    side: int | None = None,
    pixels: Pixels | None = None,
    cancel: CancelToken | None = None,
) -> QImage:
    """The picture upright; no larger than `side` where one is named. Any thread.

    `pixels` is what screening itself reads photographs with. Qt's own decoders take its place where
    there is none: they know fewer kinds of TIFF, and colours less well. Raises
    `PhotographUnshowable`.
    """
    image = _by_qt(data, side) if pixels is None else _by_screening(data, side, pixels, cancel)
    if image.isNull():
        raise PhotographUnshowable("This photograph cannot be shown.")
    return image


def thumbnail_of(
    records: RecordsService,
    photograph_id: str,
    pixels: Pixels | None = None,
    cancel: CancelToken | None = None,
) -> QImage:
    """The small picture that the store keeps; made from the photograph the first time.

    Any thread. Raises `PhotographUnshowable` or a `StoreError`.
    """
    kept = records.thumbnail(photograph_id)
    if kept is not None:
        return decoded(kept, THUMBNAIL_SIDE)
    image = decoded(records.photograph(photograph_id), THUMBNAIL_SIDE, pixels, cancel)
    written = QBuffer()
    written.open(QIODevice.OpenModeFlag.WriteOnly)
    if image.save(written, "JPEG", THUMBNAIL_QUALITY):  # type: ignore[call-overload] # the stubs want bytes for the format, Qt takes text
        records.keep_thumbnail(photograph_id, bytes(written.data().data()))
    return image


def _by_screening(
    data: bytes, side: int | None, pixels: Pixels, cancel: CancelToken | None
) -> QImage:
    try:
        seen = pixels(data, cancel, side)
    except PhotographError as error:
        raise PhotographUnshowable(f"This photograph cannot be shown: {error.message}") from error
    borrowed = QImage(seen.pixels, seen.width, seen.height, 3 * seen.width, _RGB)
    if side is not None:
        keep, smooth = (
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        borrowed = borrowed.scaled(side, side, keep, smooth)
    # Converting copies: the picture must not look into bytes that Python may give away.
    return borrowed.convertToFormat(QImage.Format.Format_RGB32)


def _by_qt(data: bytes, side: int | None) -> QImage:
    with image_reader(data) as reader:
        reader.setAutoTransform(True)
        size = reader.size()
        if side is not None and size.isValid():
            # JPEG decodes several times faster into a smaller picture.
            reader.setScaledSize(size.scaled(QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio))
        return reader.read()


@contextmanager
def image_reader(data: bytes) -> Iterator[QImageReader]:
    """A reader of a picture's bytes, which lets go of them before they go, whatever happens.

    Qt's TIFF decoder touches what it reads from once more as it ends; Python would let the two go
    in the order of their names' first use, and the process would end there.
    """
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    try:
        yield reader
    finally:
        reader.setDevice(None)  # type: ignore[arg-type] # the stubs do not know that none is allowed


class PictureController(QObject):
    """Hands out thumbnails and whole photographs by id, and keeps the latest at hand."""

    thumbnail_ready = Signal(str, QImage)
    photograph_ready = Signal(str, QImage)
    photograph_failed = Signal(str, object)

    def __init__(self, background: Background, pixels: Pixels | None = None) -> None:
        """`pixels` reads photographs as screening does; it is called on the background thread."""
        super().__init__()
        self._background = background
        self._pixels = pixels
        self._records: RecordsService | None = None
        self._cancel = CancelToken()
        self._thumbnails: OrderedDict[str, QImage] = OrderedDict()
        self._photographs: OrderedDict[str, QImage] = OrderedDict()
        self._asked: set[str] = set()

    def use(self, records: RecordsService | None) -> None:
        """Show these records from now on; what was kept of others is forgotten, and what is being
        decoded of them is ended, so that their store can be closed.
        """
        self._cancel.cancel()
        self._cancel = CancelToken()
        self._records = records
        self._thumbnails.clear()
        self._photographs.clear()
        self._asked.clear()

    def thumbnail(self, photograph_id: str) -> QImage | None:
        """The thumbnail if it is at hand; else it is fetched and announced."""
        kept = self._thumbnails.get(photograph_id)
        if kept is None and photograph_id not in self._asked:
            self._asked.add(photograph_id)
            self._fetch(
                photograph_id, self._thumbnail, self._on_thumbnail, _ignore, Priority.PICTURE
            )
        return kept

    def show(self, photograph_id: str) -> None:
        """Fetch the whole photograph and announce it."""
        kept = self._photographs.get(photograph_id)
        if kept is not None:
            self.photograph_ready.emit(photograph_id, kept)
            return

        def failed(_id: str, failure: Failure) -> None:
            self.photograph_failed.emit(photograph_id, failure)

        self._fetch(photograph_id, self._photograph, self._on_photograph, failed, Priority.PERSON)

    def _thumbnail(
        self, records: RecordsService, photograph_id: str, cancel: CancelToken
    ) -> QImage:
        return thumbnail_of(records, photograph_id, self._pixels, cancel)

    def _photograph(
        self, records: RecordsService, photograph_id: str, cancel: CancelToken
    ) -> QImage:
        return decoded(records.photograph(photograph_id), pixels=self._pixels, cancel=cancel)

    def _fetch(
        self,
        photograph_id: str,
        picture: Callable[[RecordsService, str, CancelToken], QImage],
        done: Callable[[str, QImage], None],
        failed: Callable[[str, Failure], None],
        priority: Priority,
    ) -> None:
        records, cancel = self._records, self._cancel
        if records is None:
            return

        def work() -> QImage | None:
            # Signed out meanwhile: the store is closing and nobody looks any more.
            if self._records is not records:
                return None
            try:
                return picture(records, photograph_id, cancel)
            except Cancelled:
                return None

        def answer(image: QImage | None) -> None:
            if image is not None and self._records is records:
                done(photograph_id, image)

        self._background.run(work, answer, lambda failure: failed(photograph_id, failure), priority)

    def _on_thumbnail(self, photograph_id: str, image: QImage) -> None:
        self._thumbnails[photograph_id] = image
        if len(self._thumbnails) > THUMBNAILS_KEPT:
            dropped, _ = self._thumbnails.popitem(last=False)
            self._asked.discard(dropped)
        self.thumbnail_ready.emit(photograph_id, image)

    def _on_photograph(self, photograph_id: str, image: QImage) -> None:
        self._photographs[photograph_id] = image
        if len(self._photographs) > PHOTOGRAPHS_KEPT:
            self._photographs.popitem(last=False)
        self.photograph_ready.emit(photograph_id, image)


def _ignore(_photograph_id: str, _failure: Failure) -> None:
    """A missing thumbnail stays a black square; opening the photograph says what is wrong."""
