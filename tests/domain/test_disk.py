"""What the operating system says of a place, in sentences."""

from __future__ import annotations

import errno

import pytest

from drscreen.domain.errors.disk import DiskReason, reason_of


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.ENAMETOOLONG, DiskReason.TOO_LONG),
        (errno.ENOTDIR, DiskReason.NOT_A_FOLDER),
        (errno.EEXIST, DiskReason.THERE_ALREADY),
        (errno.EISDIR, DiskReason.IS_A_FOLDER),
        (errno.EACCES, DiskReason.NOT_ALLOWED),
        (errno.EPERM, DiskReason.NOT_ALLOWED),
        (errno.EROFS, DiskReason.READ_ONLY),
        (errno.ENOSPC, DiskReason.FULL),
        (errno.EDQUOT, DiskReason.NO_SHARE_LEFT),
        (errno.EMFILE, DiskReason.TOO_MANY_OPEN),
        (errno.ENOENT, DiskReason.MISSING),
        (errno.EXDEV, DiskReason.OTHER),
    ],
)
def test_each_error_has_its_sentence(code: int, reason: DiskReason) -> None:
    assert reason_of(OSError(code, "patients/Okafor: no")) is reason
    assert "Okafor" not in reason


def test_an_error_without_a_number_has_one_too() -> None:
    assert reason_of(OSError("something")) is DiskReason.OTHER
