"""The head of the audit chain outside the database: a small sealed file beside it.

SQLCipher cannot tell an older copy of its own file, nor committed rows lost in a damaged
write-ahead log (both measured); the anchor can, because it is not in that file.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from drscreen.adapters.store.files import unfinished_name, write_durably
from drscreen.domain.audit import AuditHead
from drscreen.regular_files import LargerThanPossible, NotRegular, read_regular

_MAX = 65_536


class AnchorDamaged(Exception):
    """The file is there and its seal does not hold."""


class Anchor:
    """The anchor file at `path`, sealed under `key`. Any thread.

    `witnesses` are files of the same kind outside of the store's folder; they are moved with it.
    """

    def __init__(self, path: Path, key: bytes, witnesses: Sequence[Path] = ()) -> None:
        self._path = path
        self._key = hmac.digest(key, b"drscreen anchor", "sha256")
        self.witnesses = tuple(Anchor(witness, key) for witness in witnesses)

    def read(self) -> AuditHead | None:
        """The anchored head; None where there is no file. Raises `AnchorDamaged`, `OSError`."""
        try:
            content = json.loads(read_regular(self._path, _MAX))
            head = AuditHead(int(content["sequence"]), str(content["mac"]))
            seal = str(content["seal"])
        except FileNotFoundError:
            return None
        except (NotRegular, LargerThanPossible) as error:
            raise AnchorDamaged from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise AnchorDamaged from error
        if not hmac.compare_digest(seal.encode(), self._seal(head).encode()):
            raise AnchorDamaged
        return head

    def move(self, head: AuditHead | None, *, durably: bool = False) -> None:
        """Name the head that was just committed; a newer one already named is kept.

        Never raises: the event is committed, and an anchor that lags only notices less. It is
        synced only on request, because the next event moves it anyway; then also an older head is
        taken, for what the chain lost has been said by then.
        """
        if head is None:
            return
        with suppress(OSError):
            self._move(head, durably=durably, back=durably)
        for witness in self.witnesses:
            # Never synced: one that a power cut sets back notices less, and costs no time.
            with suppress(OSError):
                witness._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                witness._move(head, durably=False, back=durably)

    def _move(self, head: AuditHead, *, durably: bool, back: bool) -> None:
        if not back and (known := self.known()) and known.sequence >= head.sequence:
            return
        data = self._rendered(head)
        if durably:
            write_durably(self._path, data)
            return
        unfinished = self._path.with_name(unfinished_name())
        try:
            unfinished.touch(mode=0o600)
            unfinished.write_bytes(data)
            unfinished.replace(self._path)
        finally:
            unfinished.unlink(missing_ok=True)

    def known(self) -> AuditHead | None:
        """The anchored head; None where there is none that can be read. Raises `OSError`."""
        try:
            return self.read()
        except AnchorDamaged:
            return None

    def _rendered(self, head: AuditHead) -> bytes:
        content = {"sequence": head.sequence, "mac": head.mac, "seal": self._seal(head)}
        return json.dumps(content, indent=1).encode("ascii") + b"\n"

    def _seal(self, head: AuditHead) -> str:
        return hmac.digest(self._key, f"{head.sequence}:{head.mac}".encode(), "sha256").hex()
