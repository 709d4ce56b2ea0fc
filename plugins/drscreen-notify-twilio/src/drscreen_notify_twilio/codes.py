"""What Twilio's error codes mean for one SMS.

Sources: Twilio's Error and Warning Dictionary (https://www.twilio.com/docs/api/errors). A code is
there where creating a message can answer it or a message can end with it; those of voice, of other
channels and of the account's own resources are not. Twilio adds codes without notice: what is not
here is judged by the HTTP status (`messages`).
"""

from __future__ import annotations

from enum import Enum

OPTED_OUT = 21610


class Cure(Enum):
    """What helps. NOTHING: this message is refused, others may go. TIME: the same message may go
    later. REST: it and all others may go later, none now. SETTINGS: no message goes until an
    administrator mended the settings or the account; only what surely concerns every number is
    that, for drscreen lets the channel rest then.
    """

    NOTHING = "nothing"
    TIME = "time"
    REST = "rest"
    SETTINGS = "settings"


_ROWS: tuple[tuple[Cure, str, tuple[int, ...]], ...] = (
    (
        Cure.NOTHING,
        "The patient answered STOP to an earlier message, and Twilio holds that: they get no more "
        "until they send START from their phone to the number that the messages came from.",
        (OPTED_OUT,),
    ),
    (
        Cure.NOTHING,
        "This phone number does not exist. Ask the patient for it again.",
        (14101, 20023, 21211, 21217, 21401, 21421, 21604, 30014, 63003, 63024),
    ),
    (
        Cure.NOTHING,
        "This phone number receives no SMS; it may be a landline. Ask for a mobile number.",
        (21265, 21266, 21614, 21635, 30006, 63031),
    ),
    (
        Cure.NOTHING,
        "Twilio has no way from this sender to this phone number: not every country takes every "
        "kind of sender, a name least of all. Call the patient, and tell an administrator.",
        (21214, 21612, 21657),
    ),
    (
        Cure.NOTHING,
        "Nobody has this phone number any more, or it is switched off for long. Call the patient.",
        (30005,),
    ),
    (
        # Not a STOP: the network, a lost contract or the phone's own list may have blocked it.
        Cure.NOTHING,
        "The mobile network or the phone blocks these messages. Call the patient.",
        (30004, 63014, 63033),
    ),
    (
        Cure.NOTHING,
        "The message was taken for unwanted advertising. Call the patient and tell an "
        "administrator.",
        (30007, 30450, 63013, 63026),
    ),
    (
        Cure.NOTHING,
        "The text cannot be sent as it is. An administrator can change the template.",
        (14103, 21602, 21605, 21617, 21618, 21619, 30019, 30044, 63005, 63006, 63021),
    ),
    (
        Cure.NOTHING,
        "The Twilio account may not write to this country. An administrator can allow it there; "
        "then retry.",
        (21408,),
    ),
    (
        Cure.NOTHING,
        "The Twilio account is on trial and writes only to numbers that were verified there.",
        (14111, 21219, 21608),
    ),
    (
        Cure.NOTHING,
        "It waited too long at Twilio and was not sent.",
        (30036,),
    ),
    (
        Cure.NOTHING,
        "Twilio did not accept the request. Tell an administrator.",
        (20001, 20422, 21624, 30012, 30013, 30015, 30016, 30028, 30045, 63011, 90007, 90014),
    ),
    (
        Cure.TIME,
        "The phone was off or out of reach. Retry later, or call the patient.",
        (30003,),
    ),
    (
        Cure.TIME,
        "The mobile network did not say why it was not delivered. Retry later, or call the "
        "patient.",
        (30008,),
    ),
    (
        Cure.TIME,
        "Too many messages were sent at once; it goes out later.",
        (14107, 20429, 21611, 30001, 30022, 60728, 63017, 63018),
    ),
    (
        Cure.REST,
        "The account's or the network's limit of messages a day is reached; it goes out later.",
        (30023, 30027, 63038),
    ),
    (
        Cure.TIME,
        "Twilio or the mobile network has a fault; it goes out later.",
        (20500, 20503, 21730, 30017, 30020, 30021, 30410, 30500, 63009, 63010, 63012),
    ),
    (
        # By country of the patient's number, so not a fault of the settings as a whole.
        Cure.TIME,
        "The number that sends may not write to this patient's network yet. An administrator has "
        "to finish its registration at Twilio.",
        (21606, 21659, 21703, 21717, 21720, 21729, 30018, 30024, 30032, 30033, 30034, 30035, 30125),
    ),
    (
        Cure.SETTINGS,
        "Twilio did not accept the account or the key in the settings. An administrator can "
        "mend them.",
        (20003, 20004, 20006, 20008, 20151, 20403, 20404, 20423, 21470, 21471),
    ),
    (
        Cure.SETTINGS,
        "The Twilio account is closed, suspended or restricted. An administrator has to see to it.",
        (10001, 20005, 20010, 21472, 30002, 90010),
    ),
    (
        Cure.SETTINGS,
        "The encryption of this machine is too old for Twilio. Tell an administrator.",
        (20011, 20012, 20426),
    ),
    (
        Cure.SETTINGS,
        "The number or messaging service that sends is not usable. An administrator can mend the "
        "settings.",
        (
            *(14102, 14108, 21210, 21212, 21407, 21601, 21603, 21607, 21616, 21660, 21661),
            *(21701, 21702, 21704, 21705, 21708, 21709, 21711, 21715, 30124, 30127),
            *(63002, 63007, 63008),
        ),
    ),
)

CODES: dict[int, tuple[Cure, str]] = {
    code: (cure, sentence) for cure, sentence, codes in _ROWS for code in codes
}
