"""What goes over the pipe between drscreen and a plugin's process: JSON behind its length.

Never pickle: whoever writes one decides what the reader runs.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

#: Bytes. A message has some thousands.
LONGEST = 1 << 20
_LENGTH = struct.Struct(">I")


class Ended(Exception):
    """The other side is gone, or does not keep to the form."""


def write(send: Callable[[bytes], int | None], told: dict[str, Any]) -> None:
    """Hand a frame to `send`, which says how many bytes of it went out. Raises `Ended`."""
    body = json.dumps(told, allow_nan=False).encode("ascii")
    if len(body) > LONGEST:
        raise Ended
    left = _LENGTH.pack(len(body)) + body
    while left:
        left = left[send(left) or 0 :]


def read(receive: Callable[[int], bytes]) -> dict[str, Any]:
    """The next frame. `receive` gives at most so many bytes, none where the other side is gone.

    Raises `Ended`.
    """
    (length,) = _LENGTH.unpack(_exactly(receive, _LENGTH.size))
    if length > LONGEST:
        raise Ended
    try:
        told = json.loads(_exactly(receive, length))
    except (ValueError, RecursionError) as error:
        raise Ended from error
    if not isinstance(told, dict):
        raise Ended
    return told


def _exactly(receive: Callable[[int], bytes], count: int) -> bytes:
    parts = b""
    while len(parts) < count:
        part = receive(count - len(parts))
        if not part:
            raise Ended
        parts += part
    return parts
