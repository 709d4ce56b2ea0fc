"""The vault: photographs as encrypted files beside the database.

Files rather than rows, because a 2 MB photograph takes 2 ms this way and 13 ms inside SQLCipher
(measured, docs/decisions/0003). Only ciphertext ever reaches the disk, each photograph's under a
key of its own (`photograph_keys`).

    <vault>/ab/ab...        photographs: header, the photograph's id, nonce, AES-256-GCM
    <vault>/ab/ab....thumb  their thumbnails, which can be made again
    <vault>/unfinished/     ciphertext that has not got its name yet
    <vault>/orphans/        files that no record names, put aside before they are removed
    <vault>/lost/           files that a record must have named once; nobody removes them

A file's name is random, and seals where the audit log ended when it was written, by number and by
the link itself: so a file that no record names tells whether records are missing (`strays`).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from drscreen.adapters.store.faults import disk_errors, from_disk
from drscreen.adapters.store.files import (
    sweep_unfinished,
    sync_folder,
    unfinished_name,
    write_durably,
)
from drscreen.adapters.store.keys import NONCE_BYTES
from drscreen.adapters.store.photograph_keys import new_key, seal, unseal
from drscreen.domain.audit import AuditHead
from drscreen.domain.errors import PhotographLost
from drscreen.domain.integrity import PhotographFault
from drscreen.regular_files import (
    LargerThanPossible,
    NotRegular,
    is_folder,
    is_regular,
    open_regular,
    read_regular,
)

#: Begins every file, so that a later format can be told apart.
HEADER = b"drscreen photograph 2\n"
#: The first format: no id in the file, and one key for all.
_FIRST_HEADER = b"drscreen photograph 1\n"
_THUMBNAIL_HEADER = b"drscreen thumbnail 1\n"
_ID_BYTES = 16
_NAME = re.compile(r"[0-9a-f]{32}")
#: More than any photograph that is let in has (`adapters.imaging.reader.MAX_BYTES`).
FILE_MAX = 1_000_000_000
#: How long a file that no record names is kept aside, in seconds: 30 days.
ORPHANS_KEPT = 30 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Stored:
    """What a photograph's row must know of its file; `sealed_key` is None in the first format."""

    name: str
    sealed_key: bytes | None
    photograph_id: str
    sha256: str


class Vault:
    """Photographs under `folder`; `key` seals their keys. Any thread."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self.folder = folder
        self._key = key

    @property
    def _workplace(self) -> Path:
        return self.folder / "unfinished"

    @property
    def _orphans(self) -> Path:
        return self.folder / "orphans"

    @property
    def _lost(self) -> Path:
        return self.folder / "lost"

    def make_folders(self) -> None:
        """Lay out an empty vault. Raises `OSError`."""
        self.folder.mkdir(mode=0o700)
        self._workplace.mkdir(mode=0o700)

    def write(
        self, photograph_id: str, sha256: str, data: bytes, after: AuditHead | None = None
    ) -> Stored:
        """Keep a photograph's bytes under a fresh key; `after` is the newest event that is
        committed, None where nothing is to be told of it.

        They are on the disk when this returns. Raises `StoreFull`, `StoreUnwritable`.
        """
        key = new_key()
        stored = Stored(
            self._name(after or AuditHead(0, "")),
            seal(self._key, key, photograph_id),
            photograph_id,
            sha256,
        )
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = AESGCM(key).encrypt(nonce, data, _binding(HEADER, stored))
        self.put_back(stored.name, HEADER + uuid.UUID(photograph_id).bytes + nonce + sealed)
        return stored

    def put_back(self, name: str, content: bytes) -> None:
        """Put an encrypted file in its place. Raises `StoreFull`, `StoreUnwritable`."""
        path = self.path(name)
        with disk_errors():
            if not path.parent.is_dir():
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                sync_folder(self.folder)
            self._workplace.mkdir(mode=0o700, exist_ok=True)
            write_durably(path, content, self._workplace)

    def read(self, stored: Stored) -> bytes:
        """The photograph's own bytes, exactly as given. Raises `PhotographLost`."""
        return self.opened(stored, self.content(stored.name))

    def content(self, name: str) -> bytes:
        """A file as it lies there, encrypted. Raises `PhotographLost`, `StoreUnwritable`."""
        for path in (self.path(name), self._orphans / name, self._lost / name):
            try:
                return read_regular(path, FILE_MAX)
            except FileNotFoundError:
                continue
            except (NotRegular, LargerThanPossible, NotADirectoryError) as error:
                raise PhotographLost(PhotographFault.DAMAGED) from error
            except OSError as error:
                raise from_disk(error) from error
        raise PhotographLost(PhotographFault.MISSING)

    def opened(self, stored: Stored, content: bytes) -> bytes:
        """The photograph in a file's content, seal and hash checked. Raises `PhotographLost`."""
        if content.startswith(HEADER):
            header, start = HEADER, len(HEADER) + _ID_BYTES
            if content[len(HEADER) : start] != uuid.UUID(stored.photograph_id).bytes:
                raise PhotographLost(PhotographFault.SWAPPED)
        elif content.startswith(_FIRST_HEADER):
            header, start = _FIRST_HEADER, len(_FIRST_HEADER)
        else:
            raise PhotographLost(PhotographFault.DAMAGED)
        data = self._decrypted(stored, header, content[start:])
        if hashlib.sha256(data).hexdigest() != stored.sha256:
            raise PhotographLost(PhotographFault.DAMAGED)
        return data

    def write_thumbnail(self, stored: Stored, data: bytes) -> None:
        """Keep a small picture under the photograph's own key.

        Never raises for the disk, and does not wait for it: a thumbnail can be made again.
        """
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = AESGCM(self._key_of(stored)).encrypt(
            nonce, data, _binding(_THUMBNAIL_HEADER, stored)
        )
        unfinished = self._workplace / unfinished_name()
        with suppress(OSError):
            try:
                unfinished.touch(mode=0o600)
                unfinished.write_bytes(_THUMBNAIL_HEADER + nonce + sealed)
                unfinished.replace(self._thumbnail(stored.name))
            finally:
                unfinished.unlink(missing_ok=True)

    def read_thumbnail(self, stored: Stored) -> bytes | None:
        """The thumbnail; None where there is none that reads back."""
        try:
            content = read_regular(self._thumbnail(stored.name), FILE_MAX)
            return self._decrypted(
                stored, _THUMBNAIL_HEADER, content.removeprefix(_THUMBNAIL_HEADER)
            )
        except (OSError, PhotographLost):
            return None

    def remove(self, name: str) -> None:
        """Take back a photograph whose record was never committed, or is no more.

        Never raises: what cannot be removed stays behind as ciphertext that no record names.
        """
        aside = (self._orphans / name, self._lost / name)
        for path in (self.path(name), self._thumbnail(name), *aside):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what a killed program left unfinished. Raises `StoreUnwritable`."""
        with disk_errors():
            sweep_unfinished(self._workplace)

    def names(self) -> set[str]:
        """The names of all photographs' files that are in their place. Raises a `StoreError`."""
        with disk_errors():
            if not self.folder.is_dir():
                return set()  # of a copy of the records that lacks it
            return {
                path.name
                for folder in self.folder.iterdir()
                if len(folder.name) == 2 and is_folder(folder)
                for path in folder.iterdir()
                if _NAME.fullmatch(path.name)
            }

    def put_aside(self, names: set[str]) -> int:
        """Move files that no record names out of the way, and remove those moved long ago. How many
        were moved: what the vault did not write is let be.

        Put aside rather than removed, for a clinic that exchanges its database for an older copy
        will want them back with the newer one; `read` finds them there.
        """
        with disk_errors():
            self._orphans.mkdir(mode=0o700, parents=True, exist_ok=True)
            moved = 0
            for name in names:
                if not _is_photograph(self.path(name)):
                    continue
                # One that an erasure was just about to remove may be gone by now.
                with suppress(FileNotFoundError):
                    os.utime(self.path(name))
                    self.path(name).replace(self._orphans / name)
                    moved += 1
                if is_regular(self._thumbnail(name)):
                    self._thumbnail(name).unlink(missing_ok=True)
            for path in self._orphans.iterdir():
                if _is_photograph(path) and time.time() - path.stat().st_mtime > ORPHANS_KEPT:
                    path.unlink(missing_ok=True)
            return moved

    def keep_apart(self, names: set[str]) -> int:
        """Move files whose records were lost to where nobody removes them; `read` finds them there.
        How many were moved.
        """
        with disk_errors():
            self._lost.mkdir(mode=0o700, exist_ok=True)
            moved = 0
            for name in names:
                with suppress(FileNotFoundError):
                    self.path(name).replace(self._lost / name)
                    moved += 1
            return moved

    def written_after(self, name: str) -> int:
        """The newest event when the file of that name was written; 0 where it does not tell."""
        told = bytes.fromhex(name)
        chance, place, seal_of = told[:6], told[6:10], told[10:14]
        if not hmac.compare_digest(seal_of, self._derived(b"name", chance + place)[:4]):
            return 0
        mask = self._derived(b"place", chance)[:4]
        return int.from_bytes(place, "big") ^ int.from_bytes(mask, "big")

    def is_of_branch(self, name: str, mac: str) -> bool:
        """Whether the event that `written_after` counts had that code: another one in its place
        means that the log went on from an older copy. One of 65,536 others passes for it.
        """
        told = bytes.fromhex(name)
        return hmac.compare_digest(told[14:], self._branch(told[:6], mac))

    def photograph_of(self, name: str) -> str:
        """The id that a file bears; empty where it bears none."""
        try:
            with open_regular(self.path(name)) as file:
                head = file.read(len(HEADER) + _ID_BYTES)
        except OSError:
            return ""
        if not head.startswith(HEADER) or len(head) != len(HEADER) + _ID_BYTES:
            return ""
        return str(uuid.UUID(bytes=head[len(HEADER) :]))

    def _name(self, after: AuditHead) -> str:
        chance = secrets.token_bytes(6)
        mask = self._derived(b"place", chance)[:4]
        place = (int.from_bytes(mask, "big") ^ (after.sequence & 0xFFFFFFFF)).to_bytes(4, "big")
        sealed = self._derived(b"name", chance + place)[:4]
        return (chance + place + sealed + self._branch(chance, after.mac)).hex()

    def _branch(self, chance: bytes, mac: str) -> bytes:
        return self._derived(b"branch", chance + bytes.fromhex(mac))[:2]

    def _derived(self, purpose: bytes, content: bytes) -> bytes:
        return hmac.digest(self._key, b"drscreen vault " + purpose + content, "sha256")

    def path(self, name: str) -> Path:
        """Where the file of that name lies."""
        return self.folder / name[:2] / name

    def _thumbnail(self, name: str) -> Path:
        return self.folder / name[:2] / f"{name}.thumb"

    def _key_of(self, stored: Stored) -> bytes:
        if stored.sealed_key is None:
            return self._key
        return unseal(self._key, stored.sealed_key, stored.photograph_id)

    def _decrypted(self, stored: Stored, header: bytes, body: bytes) -> bytes:
        cipher = AESGCM(self._key_of(stored))
        nonce, sealed = body[:NONCE_BYTES], body[NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, sealed, _binding(header, stored))
        except (InvalidTag, ValueError) as error:
            raise PhotographLost(PhotographFault.DAMAGED) from error


def _is_photograph(path: Path) -> bool:
    """Whether the vault wrote it: called as its files are, and beginning as they do. Anything else
    that lies there is somebody's, and is let be.
    """
    if not _NAME.fullmatch(path.name):
        return False
    try:
        with open_regular(path) as file:
            return file.read(len(HEADER)) in {HEADER, _FIRST_HEADER}
    except (FileNotFoundError, NotRegular):
        return False


def _binding(header: bytes, stored: Stored) -> bytes:
    """A file opens only as what it was written for, so that two cannot be swapped."""
    return header + f"{stored.photograph_id} {stored.sha256}".encode()
