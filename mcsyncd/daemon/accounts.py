"""Who is calling, as the kernel says, and whether they may decide.

The uid comes from `SO_PEERCRED`, which no client can forge. Names and groups come from the user
and group database when the decision is made, so that a supervisor who left the group yesterday
does not approve today. That database may lie on a network: it is asked in a thread, and a decision
that it does not confirm in time is refused.
"""

from __future__ import annotations

import grp
import os
import pwd
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from mcsyncd.daemon.bounded_calls import Answer, CachedLookup
from mcsyncd.errors import NotPermitted, Unavailable
from mcsyncd.model.session import Actor
from mcsyncd.settings.schema import NAME_APPROVERS_HINT, Approvers

_UCRED = struct.Struct("=iII")
"""`struct ucred` of unix(7): pid, uid, gid, each 32 bits in native byte order."""
_ROOT_UID = 0
"""The uid of root on every Linux."""
DISPLAY_LIMIT_S = 1.0
"""Seconds that a status waits for the database before it shows the last known answer.

Judgement, not measured: longer, and the terminal app waits that long for each status while the
database is slow; shorter, and a database that is only a little slow shows old answers.
"""
DECISION_LIMIT_S = 3.0
"""Seconds that a decision waits for the database before it is refused.

Judgement: a person is waiting, but a refusal costs them more than a short wait. Longer than
`MAX_DECISION_AGE_S` would be useless: such an answer grants nothing.
"""
MAX_DECISION_AGE_S = 5.0
"""Seconds after which an answer of the database no longer grants a decision.

Judgement: longer than `DECISION_LIMIT_S`, so that an answer in time counts; each second more is one
in which somebody who was just removed from the group can still approve.
"""


log = structlog.get_logger("mcsyncd.accounts")


@dataclass(frozen=True, slots=True)
class Account:
    """A user as the database knows them; `groups` are names, the primary group among them."""

    uid: int
    name: str
    groups: frozenset[str]

    @property
    def actor(self) -> Actor:
        return Actor(self.name, self.uid)


def read_peer_uid(connection: socket.socket) -> int:
    """Return the uid at the other end of a Unix socket. Asks the kernel only; does not block."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    _, uid, _ = _UCRED.unpack(raw)
    return int(uid)


def look_up_account(uid: int) -> Account:
    """Return the account of a uid; one that the database does not know is called `uid N`.

    Blocks for as long as the user and group database does.
    """
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Account(uid, f"uid {uid}", frozenset())
    member_of = os.getgrouplist(entry.pw_name, entry.pw_gid)
    return Account(uid, entry.pw_name, frozenset(name for gid in member_of if (name := _look_up_group(gid))))


def _look_up_group(gid: int) -> str | None:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return None


def is_approver(account: Account, approvers: Approvers) -> bool:
    """Tell whether `account` may approve, reject, nudge and reopen.

    Only those whom the settings name. A group is not enough for the user who runs the daemon (a
    decoder exploit would be an approver: that user is in the supervisors' group, to give them the
    socket) nor for root, whose word says nothing about who it was: both must be named themselves. Nor is
    it for a user who needs the group for the socket alone, and who is named under `never`.
    """
    own_uid = os.geteuid()
    if account.name in approvers.never:
        return False
    if account.name in approvers.users or (approvers.daemon_user and account.uid == own_uid):
        return True
    return account.uid not in {own_uid, _ROOT_UID} and not account.groups.isdisjoint(approvers.groups)


class AccountDirectory:
    """The user and group database, asked in threads, with the last answer for each uid."""

    def __init__(self, look_up: Callable[[int], Account] = look_up_account) -> None:
        self._look_up = look_up
        self._lookups: dict[int, CachedLookup[Account]] = {}

    async def identify(self, uid: int) -> Account:
        """Return the account of a uid for display: the last known one if the database is slow.

        Before its first answer, that is an account without a name or groups.
        """
        answer = await self._ask(uid, DISPLAY_LIMIT_S)
        return answer.value if answer is not None else Account(uid, f"uid {uid}", frozenset())

    async def require_approver(self, uid: int, approvers: Approvers) -> Actor:
        """Return the actor behind a uid that may decide.

        Raises NotPermitted if it may not, and Unavailable if the database does not confirm it:
        an answer older than `MAX_DECISION_AGE_S` grants nothing.
        """
        answer = await self._ask(uid, DECISION_LIMIT_S)
        if answer is None or answer.compute_age_s(time.monotonic()) > MAX_DECISION_AGE_S:
            raise Unavailable(
                "the user and group database does not answer, so nobody can decide now",
                f"check it with `getent passwd {uid}`, then decide again",
            )
        if not is_approver(answer.value, approvers):
            named = ", ".join([*approvers.users, *(f"group {group}" for group in approvers.groups)])
            hint = f"ask {named}" if named else NAME_APPROVERS_HINT
            raise NotPermitted(f"{answer.value.name} may not decide", hint)
        return answer.value.actor

    async def _ask(self, uid: int, limit_s: float) -> Answer[Account] | None:
        """Ask the database; a database that fails is one that does not answer."""
        # One entry for each uid that ever opened the socket, which its mode keeps few.
        lookup = self._lookups.setdefault(uid, CachedLookup(partial(self._look_up, uid)))
        try:
            return await lookup.ask(limit_s)
        except OSError as error:
            log.warning("the user and group database failed", uid=uid, error=str(error))
            return lookup.last
