"""Photographs spoilt at random, through the decoder's process: a picture or a clear error, in time,
and never the end of the decoder.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

from drscreen.adapters.imaging.decoder_process import DecoderProcess
from drscreen.domain.errors import PhotographBrokeDecoder, PhotographError
from tests.adapters.imaging.files import drawing, encoded, many_scans, tiff
from tests.torture.forked import Tally

LIMIT = 20.0
WHOLE = drawing(2, 5, size=240)
_SMALL = WHOLE.reduce(2)
#: Whole files of each kind, from which the spoilt ones are made.
SEEDS = {
    "JPEG": [
        encoded(WHOLE, "JPEG"),
        encoded(WHOLE, "JPEG", progressive=True),
        encoded(WHOLE, "JPEG", restart_marker_rows=1),
        encoded(WHOLE.convert("CMYK"), "JPEG"),
        encoded(WHOLE, "MPO", _SMALL, save_all=True),
        many_scans(80, side=240),
    ],
    "PNG": [
        encoded(WHOLE, "PNG"),
        encoded(WHOLE.convert("P"), "PNG"),
        encoded(WHOLE.convert("RGBA"), "PNG"),
        encoded(WHOLE, "PNG", WHOLE.rotate(9), save_all=True),
    ],
    "TIFF": [
        encoded(WHOLE, "TIFF"),
        encoded(WHOLE, "TIFF", compression="tiff_lzw"),
        encoded(WHOLE, "TIFF", compression="jpeg"),
        encoded(WHOLE, "TIFF", _SMALL, save_all=True, big_tiff=True),
        tiff([(WHOLE, 0), (_SMALL, 1)], (_SMALL, 1)),
    ],
    "BMP": [encoded(WHOLE, "BMP"), encoded(WHOLE.convert("P"), "BMP")],
}
_EVIL = (b"\xff" * 8, bytes(8), b"\x7f\xff\xff\xff", b"\xff\xda\0\x08", b"\xff\xd8\xff\xe0")


def photographs(_place: Path, count: int, chance: random.Random) -> list[Tally]:
    """`count` spoilt files of each kind; `acknowledged` are those that gave a picture."""
    tallies = [Tally(f"a spoilt photograph: {kind}") for kind in SEEDS]
    reader = DecoderProcess(limit=LIMIT)
    expected = reader.decode(SEEDS["JPEG"][0])
    for seeds, tally in zip(SEEDS.values(), tallies, strict=True):
        while tally.runs < count:
            tally.runs += 1
            started = time.monotonic()
            try:
                reader.decode(_spoilt(chance.choice(seeds), chance))
                tally.acknowledged += 1
            except PhotographBrokeDecoder as error:
                tally.faults.append(f"{error.code}, file {tally.runs}")
            except PhotographError:
                tally.reported += 1
            if time.monotonic() - started > LIMIT:
                tally.faults.append(f"not in time, file {tally.runs}")
        if reader.decode(SEEDS["JPEG"][0]) != expected:
            tally.faults.append("a whole photograph is not what it was before them")
    reader.close()
    return tallies


def _spoilt(whole: bytes, chance: random.Random) -> bytes:
    data = bytearray(whole)
    for _ in range(chance.randint(1, 6)):
        # Half of the faults in the header, where the lengths and places stand.
        at = chance.randrange(len(data) if chance.random() < 0.5 else min(len(data), 600))
        match chance.randrange(6):
            case 0:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                del data[max(20, at) : at + chance.randint(1, 50)]
            case 2:
                data[at:at] = chance.randbytes(chance.randint(1, 30))
            case 3:
                del data[max(20, at) :]
            case 4:
                evil = chance.choice(_EVIL)
                data[at : at + len(evil)] = evil
            case _:
                piece = chance.randrange(len(data))
                data[at:at] = data[piece : piece + chance.randint(1, 2_000)]
    return bytes(data)
