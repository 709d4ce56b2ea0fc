"""A stand-in for Twilio's Messages resource (2010-04-01) on this machine; sends nothing.

By hand: `python -m tests.fakes.twilio --port 8089 --faults 429=0.02,500=0.01,hang=0.01,drop=0.02
--seed 1 --deliver-after 2`, and give the notifier the settings that it prints. In a test:

    with StandIn() as twilio:
        twilio.script(Trouble.DROP)
        ...
        assert twilio.counts() == {(number, text): 1}

Written after https://www.twilio.com/docs/messaging/api/message-resource. It keeps to what Twilio
documents: error bodies, paging, the magic numbers of test credentials, and that `DateSent` selects
by the day of `date_sent`, which a message that waits does not have.
"""

from __future__ import annotations

import argparse
import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.fakes.twilio_account import ACCOUNT, KEY, SECRET, SENDER, Account, Trouble
from tests.fakes.twilio_http import server_for

__all__ = ["StandIn", "Trouble", "parse_faults"]

#: The program's words: a service that hangs or drops has the message, which is the worse case.
_SHORT = {"hang": Trouble.HANG_TAKEN, "drop": Trouble.DROP}


class StandIn(Account):
    """The service on a thread of its own and a free port of 127.0.0.1."""

    def __init__(self, port: int = 0, **account: Any) -> None:
        super().__init__(**account)
        self._server = server_for(self, port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def settings(self) -> dict[str, str]:
        """What the notifier needs to speak to it."""
        return {
            "account_sid": ACCOUNT,
            "key_sid": KEY,
            "key_secret": SECRET,
            "from_number": SENDER,
            "base_url": self.url,
        }


def parse_faults(text: str) -> dict[Trouble, float]:
    """``429=0.02,drop=0.01``: chances by name."""
    pairs: Iterator[list[str]] = (part.split("=") for part in text.split(",") if part)
    return {_SHORT.get(name) or Trouble(name): float(chance) for name, chance in pairs}


def main() -> None:
    """Run until interrupted, then say how often what was accepted."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.twilio")
    parser.add_argument("--port", type=int, default=8089)
    names = ", ".join([*_SHORT, *Trouble])
    parser.add_argument("--faults", default="", help=f"NAME=CHANCE,... of: {names}")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--deliver-after", type=float, default=2.0, metavar="SECONDS")
    parser.add_argument("--journal", type=Path, help="keep what is accepted in this file")
    parser.add_argument("--stop", action="append", default=[], help="a number that said STOP")
    chosen = parser.parse_args()
    stand_in = StandIn(
        chosen.port,
        troubles=parse_faults(chosen.faults),
        seed=chosen.seed,
        deliver_after=chosen.deliver_after,
        journal=chosen.journal,
        stopped=frozenset(chosen.stop),
    )
    # Asked for by name: a job in the background starts with interrupts ignored.
    ended = threading.Event()
    for asked in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked, lambda _number, _frame: ended.set())
    with stand_in:
        print(json.dumps(stand_in.settings(), indent=2), flush=True)
        ended.wait()
        counts = stand_in.counts()
        twice = sum(1 for count in counts.values() if count > 1)
        print(f"accepted {sum(counts.values())}, of them {twice} texts more than once")
        print(f"faults {dict(stand_in.troubled)}")


if __name__ == "__main__":
    main()
