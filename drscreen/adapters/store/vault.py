"""The vault: photographs as encrypted files beside the database.

Files rather than rows, because a 2 MB photograph takes 2 ms this way and 13 ms inside SQLCipher
(measured, docs/decisions/0003). Only ciphertext ever reaches the disk.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from drscreen.adapters.store.faults import disk_errors, from_disk
from drscreen.adapters.store.files import sweep_unfinished, sync_folder, write_durably
from drscreen.adapters.store.keys import NONCE_BYTES
from drscreen.domain.errors import StoreDamaged

#: Begins every file, so that a later format can be told apart.
HEADER = b"drscreen photograph 1\n"


class Vault:
    """Photographs under `folder`, AES-256-GCM, one random nonce each. Any thread."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder = folder
        self._cipher = AESGCM(key)

    @property
    def _workplace(self) -> Path:
        return self._folder / "unfinished"

    def make_folders(self) -> None:
        """Lay out an empty vault. Raises `OSError`."""
        self._folder.mkdir(mode=0o700)
        self._workplace.mkdir(mode=0o700)

    def write(self, photograph_id: str, sha256: str, data: bytes) -> str:
        """Keep a photograph's bytes; returns the name to find them by.

        They are on the disk when this returns. Raises `StoreFull`, `StoreUnwritable`.
        """
        name = secrets.token_hex(16)
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, data, _binding(photograph_id, sha256))
        path = self._path(name)
        with disk_errors():
            if not path.parent.is_dir():
                path.parent.mkdir(mode=0o700, exist_ok=True)
                sync_folder(self._folder)
            write_durably(path, HEADER + nonce + sealed, self._workplace)
        return name

    def read(self, name: str, photograph_id: str, sha256: str) -> bytes:
        """The photograph's own bytes, exactly as given. Raises `StoreDamaged`."""
        try:
            stored = self._path(name).read_bytes()
        except FileNotFoundError as error:
            raise StoreDamaged("A photograph is missing from the vault.") from error
        except OSError as error:
            raise from_disk(error) from error
        body = stored.removeprefix(HEADER)
        if len(body) == len(stored):
            raise _damaged()
        try:
            data = self._cipher.decrypt(
                body[:NONCE_BYTES], body[NONCE_BYTES:], _binding(photograph_id, sha256)
            )
        except (InvalidTag, ValueError) as error:
            raise _damaged() from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise _damaged()
        return data

    def remove(self, name: str) -> None:
        """Take back a photograph whose record was never committed.

        Never raises: what cannot be removed stays behind as ciphertext that no record names.
        """
        with suppress(OSError):
            self._path(name).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what a killed program left unfinished. Only while holding the write lock."""
        with disk_errors():
            sweep_unfinished(self._workplace)

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name


def _binding(photograph_id: str, sha256: str) -> bytes:
    """A file opens only as the photograph it was written for, so that two cannot be swapped."""
    return HEADER + f"{photograph_id} {sha256}".encode()


def _damaged() -> StoreDamaged:
    return StoreDamaged("A photograph in the vault does not read back as it was written.")
