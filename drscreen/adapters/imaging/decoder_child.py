"""What runs in the decoder's own process: photographs come in by a pipe, pixels go out by another.

It knows no key, no record and no variable of anybody's, opens no file and starts no process once it
is ready; a photograph that takes it over finds nothing. It ends when the program that started it
does, whatever it is doing then.
"""

from __future__ import annotations

import ctypes
import io
import os
import sys
from contextlib import suppress
from typing import Any, BinaryIO

from PIL import Image

from drscreen.adapters.imaging import decoder_frames as frames
from drscreen.adapters.imaging.reader import MAX_BYTES, PillowReader
from drscreen.domain.errors import PhotographError, PhotographTakesTooMuchMemory

#: Address space that a photograph may take beside what the process has when it is ready: 80
#: megapixels, the most that are read, were measured to take 0.6 GB to grade and 1.1 GB to show.
MEMORY = 1_500_000_000
#: Seconds after which it ends by itself: the program ends it sooner, unless that is gone.
_ALARM = 60.0
_PR_SET_PDEATHSIG = 1

if sys.platform != "win32":
    import resource
    import signal


class _Decoding(PillowReader):
    """The program hashes the file itself meanwhile; a decoder's word for it is worth less."""

    def digest(self, data: bytes) -> str:
        return ""


def main() -> None:
    """Answer until the program that asks is gone. Its process id is the last argument."""
    requests, answers = _own_pipes()
    _end_with(int(sys.argv[-1]))
    reader = _Decoding()
    _load_decoders(reader)
    _confine()
    frames.write(answers, {"ready": 1})
    while True:
        try:
            asked, data = frames.read(requests, MAX_BYTES)
            _set_alarm(_ALARM)
            words, body = _answer(reader, asked, data)
            _set_alarm(0)
            frames.write(answers, words, body)
        except (OSError, frames.BrokenFrame):
            return


def _answer(reader: PillowReader, asked: frames.Words, data: bytes) -> tuple[frames.Words, bytes]:
    try:
        if asked.get("ask") == "whole":
            side = asked.get("side")
            image = reader.whole(data, side=side if isinstance(side, int) else None)
            return {"image": [image.width, image.height]}, image.pixels
        seen = reader.decode(data)
    except PhotographError as error:
        return {"error": error.code, "message": error.message}, b""
    except MemoryError:
        return {"error": PhotographTakesTooMuchMemory.code, "message": ""}, b""
    words: frames.Words = {
        "image": [seen.image.width, seen.image.height],
        "file": [seen.width, seen.height],
        "media_type": seen.media_type,
    }
    return words, seen.image.pixels


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Moved away from where a library would print to."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    return os.fdopen(requests, "rb"), os.fdopen(answers, "wb")


def _end_with(parent: int) -> None:
    """Elsewhere than on Linux the closed pipe ends it, at the latest when the alarm rings."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)


def _load_decoders(reader: PillowReader) -> None:
    """Everything that is imported late is imported now: later no file can be opened."""
    Image.init()
    picture = Image.radial_gradient("L").convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    ways: list[tuple[str, dict[str, Any]]] = [
        ("JPEG", {"exif": exif}),
        ("JPEG", {"progressive": True}),
        ("MPO", {"save_all": True, "append_images": [picture.reduce(2)]}),
        ("PNG", {"exif": exif}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {}),
        ("BMP", {}),
    ]
    for kind, options in ways:
        file = io.BytesIO()
        picture.copy().save(file, kind, **options)
        reader.decode(file.getvalue())
        with suppress(PhotographError):
            reader.decode(file.getvalue()[:-200])


def _confine() -> None:
    """No core file with a patient's picture in it, no file, no process, and bounded memory."""
    if sys.platform == "win32":
        return
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NPROC, 0)
    _limit(resource.RLIMIT_AS, _address_space() + MEMORY)
    # Last: measuring the address space opens a file.
    _limit(resource.RLIMIT_NOFILE, 0)


def _limit(what: int, most: int) -> None:
    with suppress(OSError, ValueError):
        resource.setrlimit(what, (most, most))


def _address_space() -> int:
    if sys.platform != "linux":
        return 0
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - a path object reads no better
        return int(file.read().split()[0]) * resource.getpagesize()


def _set_alarm(seconds: float) -> None:
    # The default of this signal ends the process, even in the middle of a library's loop.
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)
