"""What the stand-in for Twilio has taken, and what it is to do wrong."""

from __future__ import annotations

import json
import os
import random
import threading
import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

ACCOUNT = "AC" + "0" * 32
KEY = "SK" + "1" * 32
SECRET = "stand-in-secret"
SENDER = "+15005550006"
SERVICE = "MG" + "2" * 32


class Trouble(StrEnum):
    """What goes wrong with one request. Those that end in "taken" accept a message first."""

    TOO_MANY = "429"
    ERROR = "500"
    ERROR_TAKEN = "500-taken"
    UNAVAILABLE = "503"
    HANG = "hang-lost"
    HANG_TAKEN = "hang-taken"
    DROP_LOST = "drop-lost"
    DROP = "drop-taken"
    TORN = "torn-taken"
    GIBBERISH = "gibberish-taken"


@dataclass
class Sms:
    """A message that was accepted. `status` is empty while time decides it."""

    sid: str
    to: str
    sender: str
    service: str
    body: str
    validity: int
    made: datetime
    status: str = ""
    code: int | None = None


class Account:
    """An account's messages. Every method may be called on any thread.

    `troubles` gives chances for requests that create; `script` and `script_reading` say what
    happens to the next ones. With `deliver_after` seconds a message is queued, then sent, then
    delivered, or fails by the code that `undelivered` names for its number; without, it waits for
    `finish`. With a `journal` what is accepted is on the disk before it is answered, and read
    back by the next one.
    """

    def __init__(
        self,
        *,
        troubles: Mapping[Trouble, float] | None = None,
        seed: int = 0,
        deliver_after: float | None = None,
        journal: Path | None = None,
        stopped: frozenset[str] = frozenset(),
        undelivered: Mapping[str, int] | None = None,
        retry_after: str = "7",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.stopped = set(stopped)
        self.undelivered = dict(undelivered or {})
        self.retry_after = retry_after
        self.clock = clock
        self.requests = 0
        self.troubled: Counter[Trouble] = Counter()
        self.released = threading.Event()
        self._troubles = dict(troubles or {})
        self._chance = random.Random(seed)
        self._deliver_after = deliver_after
        self._creating: deque[Trouble | int | None] = deque()
        self._reading: deque[Trouble | int | None] = deque()
        self._lock = threading.Lock()
        self._by_sid: dict[str, Sms] = {}
        self._by_number: defaultdict[str, list[Sms]] = defaultdict(list)
        if journal is not None and journal.exists():
            text = journal.read_text(encoding="utf-8")
            # Half a line is one that a kill cut short: it was never answered.
            text = text[: text.rfind("\n") + 1]
            journal.write_text(text, encoding="utf-8")
            for line in text.splitlines():
                kept = json.loads(line)
                self._keep(Sms(**kept | {"made": datetime.fromisoformat(kept["made"])}))
        self._journal = journal.open("a", encoding="utf-8") if journal is not None else None

    def close(self) -> None:
        """Let those go that hang, and end the journal."""
        self.released.set()
        if self._journal is not None:
            self._journal.close()

    def script(self, *troubles: Trouble | int | None) -> None:
        """What happens to the next requests that create; a number is an error code of Twilio's."""
        with self._lock:
            self._creating.extend(troubles)

    def script_reading(self, *troubles: Trouble | int | None) -> None:
        """What happens to the next requests that fetch or list."""
        with self._lock:
            self._reading.extend(troubles)

    def trouble(self, *, creating: bool) -> Trouble | int | None:
        """What happens to this request."""
        with self._lock:
            self.requests += 1
            queue = self._creating if creating else self._reading
            if queue:
                return queue.popleft()
            draw = self._chance.random() if creating else 1.0
            for trouble, chance in self._troubles.items():
                draw -= chance
                if draw < 0:
                    self.troubled[trouble] += 1
                    return trouble
            return None

    def accept(
        self, to: str, body: str, *, sender: str = SENDER, service: str = "", validity: int = 36_000
    ) -> Sms:
        """Take a message, as a request that creates does."""
        sms = Sms(f"SM{uuid.uuid4().hex}", to, sender, service, body, validity, self.clock())
        with self._lock:
            if self._journal is not None:
                line = asdict(sms) | {"made": sms.made.isoformat()}
                self._journal.write(json.dumps(line) + "\n")
                self._journal.flush()
                os.fsync(self._journal.fileno())
            self._keep(sms)
        return sms

    def finish(self, sid: str, status: str, code: int | None = None) -> None:
        """Say what became of a message."""
        self._by_sid[sid].status, self._by_sid[sid].code = status, code

    def forget(self, sid: str) -> None:
        """Remove a message, as an account's owner may."""
        with self._lock:
            sms = self._by_sid.pop(sid)
            self._by_number[sms.to].remove(sms)

    def messages(self) -> list[Sms]:
        """What was accepted, in order."""
        with self._lock:
            return list(self._by_sid.values())

    def counts(self) -> Counter[tuple[str, str]]:
        """How often each text was accepted for each number."""
        return Counter((sms.to, sms.body) for sms in self.messages())

    def find(self, sid: str) -> Sms | None:
        with self._lock:
            return self._by_sid.get(sid)

    def listed(self, query: Mapping[str, str]) -> list[Sms]:
        """Newest first, by the filters of a query."""
        with self._lock:
            found = list(self._by_number[query["To"]] if "To" in query else self._by_sid.values())
        return [sms for sms in reversed(found) if self._selected(sms, query)]

    def shown(self, sms: Sms) -> dict[str, Any]:
        """A message as Twilio writes it."""
        status, code, sent = self._progress(sms)
        path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sms.sid}"
        return {
            "account_sid": ACCOUNT,
            "api_version": "2010-04-01",
            "body": sms.body,
            "date_created": format_datetime(sms.made),
            "date_sent": format_datetime(sent) if sent else None,
            "date_updated": format_datetime(sent or sms.made),
            "direction": "outbound-api",
            "error_code": code,
            "error_message": None,
            "from": sms.sender or None,
            "messaging_service_sid": sms.service or None,
            "num_media": "0",
            "num_segments": "1",
            "price": None,
            "price_unit": None,
            "sid": sms.sid,
            "status": status,
            "subresource_uris": {"media": f"{path}/Media.json"},
            "to": sms.to,
            "uri": f"{path}.json",
        }

    def _keep(self, sms: Sms) -> None:
        self._by_sid[sms.sid] = sms
        self._by_number[sms.to].append(sms)

    def _progress(self, sms: Sms) -> tuple[str, int | None, datetime | None]:
        """Status, error code and when it was sent."""
        if sms.status or self._deliver_after is None:
            waits = sms.status in {"", "accepted", "queued", "scheduled", "canceled"}
            return sms.status or "queued", sms.code, None if waits else sms.made
        half = timedelta(seconds=self._deliver_after / 2)
        age = self.clock() - sms.made
        if age < half:
            return "queued", None, None
        if age < 2 * half:
            return "sent", None, sms.made + half
        code = self.undelivered.get(sms.to)
        return "undelivered" if code else "delivered", code, sms.made + half

    def _selected(self, sms: Sms, query: Mapping[str, str]) -> bool:
        if "From" in query and sms.sender != query["From"]:
            return False
        sent = self._progress(sms)[2]
        day = f"{sent:%Y-%m-%d}" if sent else None
        if "DateSent" in query and day != query["DateSent"][:10]:
            return False
        if "DateSent>" in query and (day is None or day < query["DateSent>"][:10]):
            return False
        return "DateSent<" not in query or (day is not None and day <= query["DateSent<"][:10])
