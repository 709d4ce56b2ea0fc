"""Who signed a network, and that nothing signed can change."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from drscreen.adapters.model.bundle import MANIFEST, read_bundle
from drscreen.adapters.model.bundle_writer import write_bundle
from drscreen.adapters.model.predictor import TorchPredictor
from drscreen.adapters.model.signature import SIGNATURE, TrustedKeys, make_key, sign_folder
from drscreen.adapters.system import paths
from drscreen.bootstrap import Workstation
from drscreen.domain.errors import (
    BundleDamaged,
    FileUnwritable,
    PasswordTooWeak,
    SigningKeyUnusable,
)
from drscreen.domain.settings import DeviceChoice
from drscreen.domain.signature import Signer
from tests.bundles import (
    DEVELOPMENT_KEY,
    DEVELOPMENT_PASSWORD,
    content,
    random_tensors,
    write_random_bundle,
)
from tests.torture.networks import networks

OURS = TrustedKeys(paths.trusted_keys()).check
PASSWORD = "a key's password"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_bundle(tmp_path_factory.mktemp("bundles") / "trial")


@pytest.fixture
def bundle(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "trial"))


@pytest.mark.parametrize("name", ["lite", "resnet152"])
def test_shipped_networks_are_signed_by_the_development_key(name: str) -> None:
    read = read_bundle(paths.bundles() / name, OURS)
    assert read.signature.signer is Signer.DEVELOPMENT
    assert read.info.title.endswith("(development signature)")
    assert "development signature" in read.signature.words


def test_every_flipped_bit_of_every_network_is_seen(tmp_path: Path) -> None:
    tallies = networks(tmp_path, 3, random.Random(7))
    assert [tally.scenario.rpartition(" ")[2] for tally in tallies] == [
        "lite",
        "resnet152",
        "quality",
    ]
    for tally in tallies:
        assert tally.faults == []
        assert tally.reported == tally.runs >= 9


def test_a_bundle_without_its_signature_is_nobodys_and_so_is_a_strangers(
    bundle: Path, tmp_path: Path
) -> None:
    (bundle / SIGNATURE).unlink()
    assert read_bundle(bundle, OURS).info.signer is Signer.NOBODY
    make_key(tmp_path / "stranger.pem", PASSWORD)
    sign_folder(bundle, tmp_path / "stranger.pem", PASSWORD)
    read = read_bundle(bundle, OURS)
    assert read.info.signer is Signer.NOBODY
    assert read.signature.words.startswith("signed by an unknown key ")
    assert TorchPredictor(bundle, DeviceChoice.CPU, check=OURS).spec.model.signer is Signer.NOBODY


def test_whose_key_it_is_is_told_by_the_folder_that_it_lies_in(
    bundle: Path, tmp_path: Path
) -> None:
    public = make_key(tmp_path / "own.pem", PASSWORD)
    sign_folder(bundle, tmp_path / "own.pem", PASSWORD)
    for signer in (Signer.CLINIC, Signer.FOUNDERS):
        trusted = tmp_path / signer.value
        (trusted / signer.value).mkdir(parents=True)
        shutil.copy(public, trusted / signer.value / "2026.pem")
        assert read_bundle(bundle, TrustedKeys(trusted).check).info.signer is signer
        # To give a key up is to take its file away.
        (trusted / signer.value / "2026.pem").unlink()
        assert read_bundle(bundle, TrustedKeys(trusted).check).info.signer is Signer.NOBODY


def test_a_rehashed_manifest_does_not_pass_under_the_old_signature(bundle: Path) -> None:
    other = write_random_bundle(bundle.parent / "other")
    shutil.copy(other / SIGNATURE, bundle / SIGNATURE)
    for check in (OURS, TrustedKeys().check):
        with pytest.raises(BundleDamaged, match="signature"):
            read_bundle(bundle, check)


@pytest.mark.parametrize("how", ["blank", "upper", "more", "list", "empty", "long"])
def test_a_signature_written_in_any_other_way_is_refused(bundle: Path, how: str) -> None:
    file = bundle / SIGNATURE
    data = file.read_bytes()
    told = json.loads(data)
    file.write_bytes(
        {
            "blank": data + b"\n",
            "upper": json.dumps(told | {"key": told["key"].upper()}).encode() + b"\n",
            "more": json.dumps(told | {"signer": "founders"}).encode() + b"\n",
            "list": b"[]\n",
            "empty": b"",
            "long": data + b" " * 2000,
        }[how]
    )
    with pytest.raises(BundleDamaged):
        read_bundle(bundle, OURS)


def test_signing_adds_one_file_and_changes_none(bundle: Path) -> None:
    before = {file.name: file.read_bytes() for file in bundle.iterdir()}
    sign_folder(bundle, DEVELOPMENT_KEY, DEVELOPMENT_PASSWORD)
    assert {file.name: file.read_bytes() for file in bundle.iterdir()} == before
    assert json.loads(before[MANIFEST])["name"] == "trial"


def test_a_bundle_is_written_unsigned_and_an_older_signature_does_not_stay(bundle: Path) -> None:
    written = write_bundle(bundle, random_tensors(), content("trial"))
    assert written.info.signer is Signer.NOBODY
    assert not (bundle / SIGNATURE).exists()


def test_a_damaged_network_is_not_signed(bundle: Path) -> None:
    (bundle / SIGNATURE).unlink()
    (bundle / "MODEL_CARD.md").write_text("another card")
    with pytest.raises(BundleDamaged):
        Workstation().sign_network(bundle, DEVELOPMENT_KEY, DEVELOPMENT_PASSWORD)
    assert not (bundle / SIGNATURE).exists()


def test_keys_are_encrypted_for_their_owner_alone_and_never_replaced(
    bundle: Path, tmp_path: Path
) -> None:
    key = tmp_path / "own.pem"
    with pytest.raises(PasswordTooWeak):
        make_key(key, "short")
    assert not key.exists()
    make_key(key, PASSWORD)
    assert b"ENCRYPTED PRIVATE KEY" in key.read_bytes()
    assert key.stat().st_mode & 0o077 == 0
    with pytest.raises(FileUnwritable):
        make_key(key, PASSWORD)
    for password in ("", "another password"):
        with pytest.raises(SigningKeyUnusable):
            sign_folder(bundle, key, password)
    for file in (tmp_path / "none.pem", bundle / MANIFEST, tmp_path):
        with pytest.raises(SigningKeyUnusable):
            sign_folder(bundle, file, PASSWORD)


def test_a_list_of_keys_with_something_else_in_it_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "clinic").mkdir()
    (tmp_path / "clinic" / "ours.pem").write_text("no key")
    with pytest.raises(SigningKeyUnusable, match=r"ours\.pem"):
        TrustedKeys(tmp_path)


def test_the_private_development_key_is_none_that_a_release_trusts() -> None:
    """Whoever has this repository can sign with it; it vouches for nothing but wholeness."""
    for folder in ("founders", "clinic"):
        assert not list((paths.trusted_keys() / folder).glob("*.pem"))
