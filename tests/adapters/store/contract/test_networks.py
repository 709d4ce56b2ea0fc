"""What any store promises of networks: who answers for one, and that another one is noticed."""

from __future__ import annotations

from dataclasses import replace

from drscreen.domain.audit import AuditKind
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from drscreen.domain.screening import ModelInfo
from drscreen.domain.signature import Signer
from drscreen.domain.store_ports import OpenStore, Store
from tests.adapters.store.samples import MONDAY, PASSWORD, referred

OWN = ModelInfo("own", "1", "cd" * 32)
KINDS = frozenset(
    {
        AuditKind.NETWORK_ALLOWED.value,
        AuditKind.NETWORK_REFUSED.value,
        AuditKind.NETWORK_CHANGED.value,
        AuditKind.ALARM.value,
    }
)


def test_consent_is_kept_by_manifest_noted_and_taken_back(store: Store, opened: OpenStore) -> None:
    with opened.transaction(Action.ALLOW_NETWORKS) as records:
        assert records.networks.consent(OWN.sha256) is None
        records.networks.allow(OWN)
    again = store.open("Nora", PASSWORD)
    with again.transaction(Action.ALLOW_NETWORKS) as records:
        found = records.networks.consent(OWN.sha256)
        assert found is not None
        assert (found.name, found.version, found.allowed_by) == ("own", "1", "Nora")
        assert found.allowed.tzinfo is not None
        assert records.networks.consents() == [found]
        assert records.networks.consent("ce" * 32) is None
        records.networks.refuse(OWN.sha256)
        records.networks.refuse(OWN.sha256)
        assert records.networks.consents() == []
        events = records.audit_events(0, 100, KINDS)
    again.close()
    assert [event.kind for event in events] == ["network_allowed", "network_refused"]
    assert {event.details["sha256"] for event in events} == {OWN.sha256}


def test_results_keep_who_signed_and_who_answers(opened: OpenStore) -> None:
    results = [replace(referred(b"one"), model=replace(OWN, allowed_by="Nora"))]
    results.append(replace(referred(b"two"), model=replace(OWN, signer=Signer.DEVELOPMENT)))
    results.append(replace(referred(b"three"), model=replace(OWN, signer=Signer.UNRECORDED)))
    with opened.transaction(Action.ALLOW_NETWORKS) as records:
        records.add_patient(Patient("A-1"))
        for data, result in zip((b"one", b"two", b"three"), results, strict=True):
            kept = records.save_photograph("A-1", Laterality.OD, data, result, recorded_at=MONDAY)
            found = records.find_photograph(kept.id)
            assert found is not None
            assert found.model == result.model


def test_another_network_is_noted_and_an_older_one_raises_an_alarm(opened: OpenStore) -> None:
    def graded_with(version: str) -> list[tuple[str, str]]:
        model = ModelInfo("lite", version, version.ljust(64, "0"), Signer.CLINIC)
        with opened.transaction(Action.ALLOW_NETWORKS) as records:
            before = len(records.audit_events(0, 1000, KINDS))
            if records.find_patient("A-1") is None:
                records.add_patient(Patient("A-1"))
            result = replace(referred(version.encode()), model=model)
            records.save_photograph(
                "A-1", Laterality.OD, version.encode(), result, recorded_at=MONDAY
            )
            new = records.audit_events(0, 1000, KINDS)[before:]
        return [(event.kind, event.details.get("newer", "")) for event in new]

    assert graded_with("2026.9.1") == []
    assert graded_with("2026.11.1") == [("network_changed", "")]
    assert graded_with("2026.11.1") == []
    assert graded_with("2026.10.9") == [("network_changed", ""), ("alarm", "2026.11.1")]
    # Until somebody changes again: once for each change, not for each photograph.
    assert graded_with("2026.10.9") == []
