"""The claim of a review: others see who has it open. It blocks nobody, so a refusal is only logged."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from mcsyncd.errors import McsyncError
from mcsyncd.tui.live_screen import LiveScreen

_RENEWAL_S = 25.0
"""Seconds between two claims. The daemon keeps one for 60 s, so a single lost renewal costs nothing."""


class ReviewClaim:
    """Claims a session for as long as its review is open, whenever `may_claim` says so."""

    def __init__(self, screen: LiveScreen, session: str, may_claim: Callable[[], bool]) -> None:
        self._screen = screen
        self._session = session
        self._may_claim = may_claim
        self._is_held = False

    def start(self) -> None:
        """Claim the session now, and again before each claim ends."""
        self._screen.set_interval(_RENEWAL_S, self.renew)
        self.renew()

    def renew(self) -> None:
        """Claim the session once."""
        self._screen.run_worker(self._send_claim(), group="claim", exclusive=True)

    def release(self) -> None:
        """End the claim, if there is one."""
        if self._is_held:
            self._screen.app.run_worker(self._send_release(), group="claim")

    async def _send_claim(self) -> None:
        if not self._may_claim():
            return
        try:
            await self._screen.shell.client.claim_session(self._session)
            self._is_held = True
        except McsyncError as error:
            self._screen.log.debug(str(error))

    async def _send_release(self) -> None:
        with suppress(McsyncError):  # it ends by itself a minute later
            await self._screen.shell.client.release_claim(self._session)
