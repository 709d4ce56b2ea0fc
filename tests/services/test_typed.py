"""What the services make of typed addresses, pasted settings and pasted texts."""

from __future__ import annotations

import pytest

from drscreen.adapters.notify.addresses import PhoneAndMail
from drscreen.domain.errors import InvalidInput, PatientExists, TemplateInvalid
from drscreen.domain.notice import NoticePolicy, Purpose, Reason
from drscreen.domain.notice_text import NoticeText
from drscreen.domain.patient import Channel, Patient
from drscreen.domain.permissions import Action
from drscreen.services.notice_settings import NoticeSettingsService
from drscreen.services.records import RecordsService
from tests.fakes.notifiers import FakeNotifiers, announcer
from tests.fakes.screening import FakeClock
from tests.fakes.store import FakeOpenStore, FakeStore

SMS = frozenset({Channel.SMS})


@pytest.fixture
def store() -> FakeOpenStore:
    return FakeStore.opened()


@pytest.fixture
def records(store: FakeOpenStore) -> RecordsService:
    return RecordsService(store, FakeClock(), PhoneAndMail())


@pytest.fixture
def settings(store: FakeOpenStore) -> NoticeSettingsService:
    return NoticeSettingsService(store, FakeClock(), FakeNotifiers(), announcer(store))


@pytest.mark.parametrize("phone", ["555 12", "+55 99 9999", "+1 999 999 9999"])
def test_a_number_that_no_sms_reaches_is_not_kept_for_sms(
    records: RecordsService, phone: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        records.register(Patient("1", phone=phone, consent=SMS))
    assert refused.value.field == "phone"
    assert records.search("").total == 0


def test_the_clinics_country_is_that_of_a_number_without_one(
    records: RecordsService, settings: NoticeSettingsService
) -> None:
    assert records.check_phone("11 98765-4321").reason is Reason.COUNTRY_UNKNOWN
    records.register(Patient("1", phone="11 98765-4321", consent=SMS))
    settings.set_policy(NoticePolicy(region="BR"))
    assert records.check_phone("11 98765-4321").address == "+5511987654321"
    with pytest.raises(InvalidInput):
        records.register(Patient("2", phone="98 1", consent=SMS))
    with pytest.raises(InvalidInput, match="No telephone"):
        records.register(Patient("2", phone="1198 7654", consent=SMS))


@pytest.mark.parametrize("region", ["UK", "br", "BRA", "XX", "ВР", "B"])
def test_a_country_whose_numbers_nobody_knows_is_refused(
    settings: NoticeSettingsService, region: str
) -> None:
    """With it, every number without a country would be called wrong."""
    for policy in (NoticePolicy(region=region), NoticePolicy(regions=frozenset({region}))):
        with pytest.raises(InvalidInput, match="not UK"):
            settings.set_policy(policy)
    settings.set_policy(NoticePolicy(region="GB", regions=frozenset({"IE"})))


def test_a_number_kept_by_an_older_rule_hinders_no_other_change(
    store: FakeOpenStore, records: RecordsService
) -> None:
    with store.transaction(Action.EDIT_PATIENTS) as inner:
        inner.add_patient(Patient("1", phone="555 12", email="a@b", consent=SMS))
    amended = Patient("1", "Bose", phone="555 12", email="a@b", consent=SMS, version=1)
    assert records.amend(amended).family_name == "Bose"
    with pytest.raises(InvalidInput):
        records.amend(Patient("1", phone="555 13", consent=SMS, version=2))


def test_two_numbers_of_patients_that_look_the_same_are_one(records: RecordsService) -> None:
    records.register(Patient("A-17"))
    for pasted in ("\ufeffA-17", "A\u200d-17", " A-17\u00a0", "A-\u2060\u202e17"):
        with pytest.raises(PatientExists):
            records.register(Patient(pasted))
        assert records.open_file(pasted).patient.mrn == "A-17"


def test_what_a_paste_brings_into_settings_is_tidied_away(
    store: FakeOpenStore, settings: NoticeSettingsService
) -> None:
    settings.set_notifier("raven", {"host": "\ufeffmail.example.org\u200b\u00a0"})
    with store.transaction(Action.MANAGE_CLINIC) as inner:
        assert inner.notices.notifier_settings("raven")["host"] == "mail.example.org"


def test_a_template_is_kept_tidied_or_refused(settings: NoticeSettingsService) -> None:
    def text(body: str, subject: str = "Visit") -> NoticeText:
        return NoticeText(Purpose.COME_BACK, Channel.EMAIL, "en", body, subject)

    settings.set_text(text("\ufeffPlease come.\r\nThank you.", "Your\u00a0visit\u200b"))
    kept = settings.text(Purpose.COME_BACK, Channel.EMAIL, "en")
    assert (kept.body, kept.subject) == ("Please come.\nThank you.", "Your visit")
    for wrong in (text("a\x00b"), text("a\u202eb"), text("a", "b\u2028c"), text("a", "b\x85c")):
        with pytest.raises(TemplateInvalid):
            settings.set_text(wrong)
