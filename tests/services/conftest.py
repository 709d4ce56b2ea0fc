from __future__ import annotations

import pytest

from tests.services.notices import NoticeClinic


@pytest.fixture
def clinic() -> NoticeClinic:
    """With one patient who agreed to SMS."""
    clinic = NoticeClinic()
    clinic.add()
    return clinic
