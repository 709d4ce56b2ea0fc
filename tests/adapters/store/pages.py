"""The database's pages decrypted, as whoever gets hold of the key could do: free ones too."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from drscreen.adapters.store.keys import DataKey

#: SQLCipher 4: pages of 4096 bytes end with an IV of 16 and an HMAC of 64; the first begins with
#: the salt.
_PAGE, _RESERVE, _IV, _SALT = 4096, 80, 16, 16
_WAL_HEAD, _FRAME_HEAD = 32, 24


def decrypted(database: Path, data_key: DataKey) -> bytes:
    """Every page of a database file, one after the other."""
    content = database.read_bytes()
    return b"".join(
        _page(content[start : start + _PAGE], data_key, first=start == 0)
        for start in range(0, len(content), _PAGE)
    )


def decrypted_log(log: Path, data_key: DataKey) -> bytes:
    """Every page in a write-ahead log, those of earlier rounds too."""
    content = log.read_bytes()
    frame = _FRAME_HEAD + _PAGE
    return b"".join(
        _page(
            content[start + _FRAME_HEAD : start + frame],
            data_key,
            first=content[start : start + 4] == b"\0\0\0\1",
        )
        for start in range(_WAL_HEAD, len(content) - frame + 1, frame)
    )


def _page(page: bytes, data_key: DataKey, *, first: bool) -> bytes:
    iv = page[_PAGE - _RESERVE :][:_IV]
    body = page[_SALT if first else 0 : _PAGE - _RESERVE]
    decryptor = Cipher(algorithms.AES(data_key.database_key()), modes.CBC(iv)).decryptor()
    return decryptor.update(body) + decryptor.finalize()
