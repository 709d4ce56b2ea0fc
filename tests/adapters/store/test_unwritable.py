"""A folder of records that cannot be: each reason has an error, a sentence and an advice."""

from __future__ import annotations

import errno

import pytest

from drscreen.adapters.store.faults import disk_errors
from drscreen.domain.errors import (
    StoreBlocked,
    StoreError,
    StoreFull,
    StorePathTooLong,
    StoreReadOnly,
    StoreRightMissing,
    StoreUnwritable,
)


@pytest.mark.parametrize(
    ("code", "kind", "word"),
    [
        (errno.ENAMETOOLONG, StorePathTooLong, "too long"),
        (errno.ENOTDIR, StoreBlocked, "A file stands where the folder"),
        (errno.EISDIR, StoreBlocked, "A folder stands where a file"),
        (errno.EACCES, StoreRightMissing, "right"),
        (errno.EROFS, StoreReadOnly, "only be read"),
        (errno.ENOSPC, StoreFull, "full"),
        (errno.EDQUOT, StoreFull, "share of the disk"),
        (errno.EMFILE, StoreUnwritable, "Too many files"),
    ],
)
def test_each_reason_has_its_error(code: int, kind: type[StoreError], word: str) -> None:
    with pytest.raises(kind, match=word) as told, disk_errors():
        raise OSError(code, "told by the system")
    assert type(told.value) is kind
    assert told.value.advice
