"""Photographs decoded in a process of its own, which can be ended while it works.

A photograph may come from a stick or a mail. Made with ill will it holds a decoder for hours, asks
for all memory, or takes it over: then a process ends that knows nothing, and one photograph fails.
"""

from __future__ import annotations

import hashlib
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue

from drscreen.adapters.imaging.decoder_frames import Words
from drscreen.adapters.imaging.decoder_keeper import Decoder, Exchanged
from drscreen.adapters.imaging.reader import MEDIA_TYPES, PillowReader
from drscreen.domain import errors
from drscreen.domain.cancel import CancelToken
from drscreen.domain.errors import (
    DecoderNotStarted,
    PhotographBrokeDecoder,
    PhotographEmpty,
    PhotographError,
    PhotographTakesTooLong,
    PhotographTakesTooMuchMemory,
)
from drscreen.domain.image import DecodedPhotograph, InputSpec, RgbImage

#: Seconds for one photograph: 80 megapixels took up to 9 on two slow and busy cores, and 28 where a
#: progressive JPEG lacks its end mark.
LIMIT = 30.0
#: Seconds until the decoder is ready; 0.4 were measured, and 1.2 on busy cores.
START_LIMIT = 60.0
# Seconds between two looks at whether somebody cancelled.
_GLANCE = 0.05
_MESSAGE = 300
_ERRORS = {
    error.code: error
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, PhotographError)
}


class DecoderProcess:
    """`drscreen.domain.ports.PhotographReader` around one long-lived process. Any thread, one
    photograph at a time: others wait, and can be cancelled while they do.
    """

    def __init__(
        self,
        limit: float = LIMIT,
        command: list[str] | None = None,
        start_limit: float = START_LIMIT,
    ) -> None:
        """`limit` in seconds for each photograph, `start_limit` until the decoder is ready.
        `command` stands in for it in tests.
        """
        self._plain = PillowReader()
        self._limit = limit
        self._start_limit = start_limit
        self._command = command
        self._turn = threading.Lock()
        self._running: list[Decoder] = []
        # Ends what runs when this is given up, and when the program ends.
        self._end = weakref.finalize(self, _end_all, self._running)

    def start(self) -> None:
        """Begin to start the process, so that no photograph waits for it. Returns at once."""
        # Where it is somebody's turn, it has been started.
        if self._turn.acquire(blocking=False):
            try:
                self._decoder()
            finally:
                self._turn.release()

    def close(self) -> None:
        """End the process. A later photograph starts another."""
        _end_all(self._running)

    def read(self, path: Path) -> bytes:
        """The file's bytes; reading is not decoding, and done here."""
        return self._plain.read(path)

    def prepare(self, image: RgbImage, spec: InputSpec) -> RgbImage:
        """See `field_of_view.prepare_square`; of pixels, and done here."""
        return self._plain.prepare(image, spec)

    def decode(self, data: bytes, cancel: CancelToken | None = None) -> DecodedPhotograph:
        """See the port. Raises `Cancelled` within a tenth of a second of the wish."""
        hashed: list[str] = []
        told, pixels = self._ask(
            {"ask": "decode"}, data, cancel, lambda: hashed.append(hashlib.sha256(data).hexdigest())
        )
        try:
            image = _image(told, pixels)
            width, height = _pair(told, "file")
            media_type = str(told["media_type"])
            if media_type not in MEDIA_TYPES.values() or width < 1 or height < 1:
                raise ValueError(media_type)
            return DecodedPhotograph(
                sha256=hashed[0],
                media_type=media_type,
                width=width,
                height=height,
                image=image,
                scale=image.width / width,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise _nonsense() from error

    def whole(
        self, data: bytes, cancel: CancelToken | None = None, side: int | None = None
    ) -> RgbImage:
        """See the port."""
        asked: Words = {"ask": "whole"} if side is None else {"ask": "whole", "side": side}
        told, pixels = self._ask(asked, data, cancel, lambda: None)
        try:
            return _image(told, pixels)
        except (KeyError, TypeError, ValueError) as error:
            raise _nonsense() from error

    def _ask(
        self,
        asked: Words,
        data: bytes,
        cancel: CancelToken | None,
        meanwhile: Callable[[], None],
    ) -> tuple[Words, bytes]:
        """`meanwhile` is done while the decoder works."""
        if not data:
            raise PhotographEmpty("The file is empty.")
        token = cancel or CancelToken()
        token.raise_if_cancelled()
        while not self._turn.acquire(timeout=_GLANCE):
            token.raise_if_cancelled()
        try:
            answer = self._exchanged(asked, data, token, meanwhile)
        finally:
            self._turn.release()
        if isinstance(answer, Exception):
            raise PhotographBrokeDecoder(
                "Decoding this picture ended the part of the program that does it."
            ) from answer
        told, pixels = answer
        if "error" in told:
            raise _error(told)
        return told, pixels

    def _exchanged(
        self, asked: Words, data: bytes, token: CancelToken, meanwhile: Callable[[], None]
    ) -> Exchanged:
        decoder = self._decoder()
        try:
            started = _awaited(decoder.started, token, self._start_limit)
            if started is None or isinstance(started, Exception):
                raise DecoderNotStarted(
                    "The part of the program that decodes photographs cannot be started."
                ) from started
            # For whoever comes next.
            decoder.started.put(started)
            answer = decoder.ask(asked, data)
            meanwhile()
            exchanged = _awaited(answer, token, self._limit)
            if exchanged is None:
                raise PhotographTakesTooLong(
                    f"Decoding the picture took longer than {self._limit:.0f} seconds and was "
                    "ended."
                )
            return exchanged
        except BaseException:
            decoder.end()
            raise

    def _decoder(self) -> Decoder:
        """The one that runs, or a new one."""
        if not (self._running and self._running[-1].is_alive):
            _end_all(self._running)
            self._running.append(Decoder(self._command))
        return self._running[-1]


def _end_all(running: list[Decoder]) -> None:
    while running:
        running.pop().end()


def _awaited(answers: SimpleQueue[Exchanged], token: CancelToken, limit: float) -> Exchanged | None:
    """What comes within `limit` seconds, else None. Raises `Cancelled`."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        try:
            return answers.get(timeout=_GLANCE)
        except Empty:
            token.raise_if_cancelled()
    return None


def _pair(told: Words, name: str) -> tuple[int, int]:
    pair = told[name]
    if not isinstance(pair, list):
        raise TypeError(name)
    first, second = pair
    if not (isinstance(first, int) and isinstance(second, int)):
        raise TypeError(name)
    return first, second


def _image(told: Words, pixels: bytes) -> RgbImage:
    return RgbImage(*_pair(told, "image"), pixels)


def _error(told: Words) -> PhotographError:
    kind = _ERRORS.get(str(told["error"]), PhotographBrokeDecoder)
    words = "".join(c for c in str(told.get("message"))[:_MESSAGE] if c.isprintable())
    if kind is PhotographTakesTooMuchMemory:
        words = words or "Decoding the picture takes more memory than there is for it."
    return kind(words)


def _nonsense() -> PhotographBrokeDecoder:
    return PhotographBrokeDecoder("What came of decoding this picture makes no sense.")
