from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from drscreen.domain.store_ports import OpenStore
from tests.adapters.store.samples import PASSWORD, made_store
from tests.fakes.store import FakeStore

PEOPLE = (
    Patient("0001", "Müller-Lüdenscheidt", "Änne"),
    Patient("0002", "İpek", "Işıl"),
    Patient("0003", "100%", "a_b"),
    Patient("ﬁ-4", "Ó Súilleabháin", "Ἀλέξανδρος"),
    Patient("5 6", "", ""),
)
#: Pieces of the names, wildcards, marks, surrogates; and anything at all.
TYPED = st.one_of(
    st.text(),
    st.text(alphabet=st.sampled_from("%_\\'\" üuÜ̈ﬁfiİiışaä01\x00\ud800*?[")),
    st.sampled_from([p.family_name for p in PEOPLE]).flatmap(
        lambda name: st.integers(0, len(name)).map(lambda n: name[n:].upper())
    ),
)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OpenStore, OpenStore]]:
    real: SqlCipherOpenStore = made_store(tmp_path_factory.mktemp("search")).open("Nora", PASSWORD)
    fake = FakeStore.opened()
    for store in (real, fake):
        with store.transaction(Action.EDIT_PATIENTS) as records:
            for person in PEOPLE:
                records.add_patient(person)
    yield real, fake
    real.close()


@given(text=TYPED)
@settings(max_examples=300, deadline=None)
def test_finds_what_a_plain_reading_finds(both: tuple[OpenStore, OpenStore], text: str) -> None:
    real, fake = both
    with real.transaction(Action.EDIT_PATIENTS) as records:
        found = records.search_patients(text, 0, 100)
        assert records.count_patients(text) == len(found)
    with fake.transaction(Action.EDIT_PATIENTS) as expected:
        assert found == expected.search_patients(text, 0, 100)


def test_a_whole_book_in_the_search_field(both: tuple[OpenStore, OpenStore]) -> None:
    book = " ".join(f"{n}" for n in range(5000))
    with both[0].transaction(Action.EDIT_PATIENTS) as records:
        assert records.search_patients(book, 0, 10) == []
