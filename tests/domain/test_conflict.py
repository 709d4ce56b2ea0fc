from __future__ import annotations

from dataclasses import replace

from drscreen.domain.conflict import FieldChange, changes, merged
from drscreen.domain.patient import Channel, Patient

BEFORE = Patient("1", "Bose", "Anna", phone="1111", version=3)
YOURS = replace(BEFORE, phone="2222", given_name="Anne")
THEIRS = replace(
    BEFORE, phone="3333", email="a@example.org", consent=frozenset({Channel.SMS}), version=4
)


def test_changes_are_what_the_other_person_changed() -> None:
    assert changes(BEFORE, YOURS, THEIRS) == (
        FieldChange("phone", "1111", "2222", "3333"),
        FieldChange("email", "", "", "a@example.org"),
        FieldChange("consent", frozenset(), frozenset(), frozenset({Channel.SMS})),
    )


def test_only_a_field_that_both_changed_differently_clashes() -> None:
    assert [change.clashes for change in changes(BEFORE, YOURS, THEIRS)] == [True, False, False]
    agreed = changes(BEFORE, replace(BEFORE, phone="3333"), THEIRS)
    assert not any(change.clashes for change in agreed)


def test_both_put_together_lose_nothing_and_can_be_saved() -> None:
    assert merged(BEFORE, YOURS, THEIRS) == Patient(
        "1",
        "Bose",
        "Anne",
        phone="2222",
        email="a@example.org",
        consent=frozenset({Channel.SMS}),
        version=4,
    )
