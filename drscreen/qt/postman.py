"""The thread on which notices go out while somebody is signed in.

A plugin may take as long as its time limit, so nothing else waits for this thread: it is told to
stop, and the store is closed behind the step that is at work, by this thread itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from drscreen.domain.errors import DrscreenError
from drscreen.domain.store_ports import OpenStore
from drscreen.qt.failure import Failure
from drscreen.services.delivery import DeliveryService, Sender

DeliveryFactory = Callable[[OpenStore], DeliveryService]

#: Seconds until a step that the store refused is tried again, and one that nobody expected to fail.
AFTER_FAILURE = 30.0
AFTER_FAULT = 300.0


@dataclass(frozen=True, slots=True)
class Round:
    """What a step came to. `senders` is empty where it failed."""

    store: OpenStore
    did: bool = False
    senders: tuple[Sender, ...] = ()
    failure: Failure | None = None
    fault: Exception | None = None


class Postman:
    """Steps for one session, from `start` to `stop`. `delivery` is called on the thread, and so is
    `report`. Everything else: any thread, and none of it but `join` waits.
    """

    def __init__(
        self, store: OpenStore, delivery: DeliveryFactory, report: Callable[[Round], None]
    ) -> None:
        self._store = store
        self._delivery = delivery
        self._report = report
        self._bell = threading.Condition()
        self._rung = False
        self._stopped = False
        self._close_store = False
        self._over = False
        self._thread = threading.Thread(target=self._run, name="delivery")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Something was queued, settings changed, the connection is back: look at once."""
        with self._bell:
            self._rung = True
            self._bell.notify()

    def stop(self) -> None:
        """No step after the one at work."""
        with self._bell:
            self._stopped = True
            self._bell.notify()

    def close_store(self) -> None:
        """Close the store: now, or behind the step at work, so that its outcome is written."""
        with self._bell:
            self._stopped = True
            self._close_store = True
            self._bell.notify()
            is_over = self._over
        if is_over:
            self._store.close()

    def join(self) -> None:
        """Wait for the end; at most as long as a notifier may take."""
        self._thread.join()

    @property
    def is_over(self) -> bool:
        """Whether the thread has ended."""
        return not self._thread.is_alive()

    @property
    def store(self) -> OpenStore:
        """Whose notices go out."""
        return self._store

    def _run(self) -> None:
        service: DeliveryService | None = None
        while not self._stopped:
            try:
                service = service or self._delivery(self._store)
                if self._take_bell():
                    service.refresh()
                step = service.step()
                self._report(Round(self._store, step.did, service.senders()))
                wait = step.wait
            except DrscreenError as error:
                self._report(Round(self._store, failure=Failure.of(error)))
                wait = AFTER_FAILURE
            except Exception as error:  # noqa: BLE001 - outermost boundary; raised again on the GUI thread
                self._report(Round(self._store, failure=Failure.unexpected(error), fault=error))
                wait = AFTER_FAULT
            self._sleep(wait)
        with self._bell:
            self._over = True
            has_to_close = self._close_store
        if has_to_close:
            self._store.close()

    def _take_bell(self) -> bool:
        with self._bell:
            rung, self._rung = self._rung, False
        return rung

    def _sleep(self, seconds: float) -> None:
        with self._bell:
            self._bell.wait_for(lambda: self._rung or self._stopped, seconds)
