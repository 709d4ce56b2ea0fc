from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from drscreen.adapters.store.place import file_system, refuse_network_share
from drscreen.domain.errors import StoreOnNetwork
from tests.adapters.store.samples import made_store, unlocked


def mounted(
    monkeypatch: pytest.MonkeyPatch, *mounts: tuple[Path | str, str], opts: str = "rw"
) -> None:
    found = [
        SimpleNamespace(mountpoint=str(point), fstype=kind, opts=opts) for point, kind in mounts
    ]
    monkeypatch.setattr("drscreen.adapters.store.place.psutil.disk_partitions", lambda all: found)


@pytest.mark.parametrize(
    "kind", ["nfs4", "cifs", "smbfs", "9p", "fuse.sshfs", "fuse.rclone", "davfs", "vboxsf", "NFS"]
)
def test_store_on_a_share_is_neither_made_nor_opened(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    mounted(monkeypatch, ("/", "ext4"), (tmp_path, kind))
    with pytest.raises(StoreOnNetwork, match=rf"network share \({kind.lower()}\)"):
        unlocked(home)
    with pytest.raises(StoreOnNetwork) as refused:
        made_store(tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert "disk of this machine" in refused.value.advice


@pytest.mark.parametrize("kind", ["ext4", "apfs", "ntfs", "overlay", "tmpfs", "fuse.ntfs-3g", "x"])
def test_disk_of_this_machine(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    mounted(monkeypatch, ("/", "nfs"), (tmp_path, kind))
    unlocked(home).close()


def test_the_innermost_and_last_mount_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "a" / "b"
    mounted(monkeypatch, (tmp_path, "cifs"), ("/", "ext4"), (inner, "xfs"), (inner, "btrfs"))
    assert file_system(inner / "not" / "there" / "yet") == "btrfs"
    assert file_system(tmp_path / "a") == "cifs"
    assert file_system(Path("/")) == "ext4"


def test_remote_drive_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounted(monkeypatch, (tmp_path, "NTFS"), opts="rw,remote")
    with pytest.raises(StoreOnNetwork):
        refuse_network_share(tmp_path)


def test_link_into_a_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    share, link = tmp_path / "share", tmp_path / "link"
    share.mkdir()
    link.symlink_to(share)
    mounted(monkeypatch, ("/", "ext4"), (share, "nfs"))
    with pytest.raises(StoreOnNetwork):
        refuse_network_share(link)


def test_this_machine_tells_its_own_disks(tmp_path: Path) -> None:
    assert file_system(tmp_path)
    refuse_network_share(tmp_path)
