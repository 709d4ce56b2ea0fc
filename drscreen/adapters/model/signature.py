"""Ed25519 signatures over a network's manifest, and the keys that this program trusts.

The manifest names the hash of every other file, so its signature is the network's. It lies beside
it in a file of its own, and nothing that is signed changes by being signed.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from drscreen.domain.errors import FileUnwritable, PasswordTooWeak, SigningKeyUnusable
from drscreen.domain.manifest import MANIFEST_BYTES
from drscreen.domain.signature import UNSIGNED, Signature, Signer
from drscreen.regular_files import read_regular

SIGNATURE = "bundle.sig"
#: A signature file takes 233.
SIGNATURE_BYTES = 1000
_KEY_BYTES = 10_000
#: PKCS 8 stretches a password little, so it has to be long itself.
_PASSWORD = 12
#: So that the key's signatures of other things, if it ever makes any, are never of a network.
_PURPOSE = b"drscreen network manifest 1\n"
#: Folders of trusted keys.
_SIGNERS = (Signer.FOUNDERS, Signer.CLINIC, Signer.DEVELOPMENT)


class TrustedKeys:
    """The public keys of a folder: `founders/*.pem`, `clinic/*.pem`, `development/*.pem`.

    What lies in none of them is not trusted; to give a key up, take its file away. Any thread.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Without a folder no key is trusted. Raises `SigningKeyUnusable` where a file there is no
        such key.
        """
        self._signers = {
            _raw(_public_key(file)): signer
            for signer in _SIGNERS
            for file in (sorted((folder / signer.value).glob("*.pem")) if folder else ())
        }

    def check(self, manifest: bytes, signature: bytes | None) -> Signature:
        """`drscreen.domain.signature.SignatureCheck`."""
        if signature is None:
            return UNSIGNED
        try:
            told = json.loads(signature.decode("ascii"))
            raw, made = bytes.fromhex(told["key"]), bytes.fromhex(told["signature"])
        except (KeyError, TypeError) as error:
            raise ValueError("no signature file") from error
        # There is one way to write a signature: not one bit of the file may differ.
        if signature != _written(raw, made):
            raise ValueError("a signature written in another way")
        try:
            Ed25519PublicKey.from_public_bytes(raw).verify(made, _PURPOSE + manifest)
        except InvalidSignature as error:
            raise ValueError("a signature of something else") from error
        return Signature(self._signers.get(raw, Signer.NOBODY), _fingerprint(raw))


def sign(manifest: bytes, key: Path, password: str) -> bytes:
    """A signature file's bytes, by a private key as `make_key` writes it.

    Raises `SigningKeyUnusable` where the file or its password is not right.
    """
    try:
        private = load_pem_private_key(_contents(key), password.encode())
    except (ValueError, TypeError) as error:
        raise SigningKeyUnusable(
            f"{key.name} is no private key, or its password is another."
        ) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise SigningKeyUnusable(f"{key.name} is a key of another kind; Ed25519 is needed.")
    return _written(_raw(private.public_key()), private.sign(_PURPOSE + manifest))


def sign_folder(folder: Path, key: Path, password: str) -> None:
    """Sign the manifest of a folder that was found whole; its signature is whole or the old one.

    Raises `SigningKeyUnusable` or `FileUnwritable`.
    """
    partial = folder / (SIGNATURE + ".partial")
    try:
        manifest = read_regular(folder / "bundle.json", MANIFEST_BYTES, through_links=True)
        signed = sign(manifest, key, password)
        partial.write_bytes(signed)
        partial.replace(folder / SIGNATURE)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise FileUnwritable(f"The signature cannot be written to {folder.name}.") from error


def make_key(file: Path, password: str) -> Path:
    """Write a new private key, encrypted under the password, and its public key beside it.

    Returns the public key's file (.pub.pem). Raises `PasswordTooWeak`, or `FileUnwritable`; nothing
    that is there is replaced.
    """
    if len(password) < _PASSWORD:
        raise PasswordTooWeak(f"A key's password has at least {_PASSWORD} characters.")
    private = Ed25519PrivateKey.generate()
    locked = private.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password.encode())
    )
    public = file.with_suffix(".pub.pem")
    _write_new(file, locked)
    _write_new(
        public,
        private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )
    return public


def _write_new(file: Path, data: bytes) -> None:
    """Readable by its owner alone from the first moment on."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as written:
            written.write(data)
    except OSError as error:
        raise FileUnwritable(f"{file.name} cannot be written there, or is there already.") from (
            error
        )


def _public_key(file: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(_contents(file))
    except ValueError as error:
        raise SigningKeyUnusable(f"{file.name} is no public key.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise SigningKeyUnusable(f"{file.name} is a key of another kind; Ed25519 is needed.")
    return key


def _contents(file: Path) -> bytes:
    try:
        return read_regular(file, _KEY_BYTES, through_links=True)
    except OSError as error:
        raise SigningKeyUnusable(f"{file.name} cannot be read as a key.") from error


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _fingerprint(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


def _written(raw: bytes, made: bytes) -> bytes:
    told = {"format": 1, "key": raw.hex(), "signature": made.hex()}
    return json.dumps(told).encode() + b"\n"
