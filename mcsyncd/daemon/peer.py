"""Who is calling, by the kernel's word, and whether they may decide.

The uid comes from `SO_PEERCRED`, which no client can forge. Groups are looked up when the
decision is made, so that a supervisor who left the group yesterday does not approve today.
"""

from __future__ import annotations

import grp
import os
import pwd
import socket
import struct

from mcsyncd.errors import NotPermitted
from mcsyncd.model.session import Actor
from mcsyncd.settings.schema import Approvers

_UCRED = struct.Struct("=iII")  # pid, uid, gid


def identify_peer(connection: socket.socket) -> Actor:
    """Return who is at the other end of a Unix socket."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    _, uid, _ = _UCRED.unpack(raw)
    return Actor(_look_up_user_name(uid), uid)


def _look_up_user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def can_decide(actor: Actor, approvers: Approvers) -> bool:
    """Tell whether `actor` may approve, reject, nudge and reopen.

    Where the settings name nobody, it is the user who runs the daemon: they could edit its files
    anyway, and a first try on a laptop needs no group. Where somebody is named, only those.
    """
    if not approvers.users and not approvers.groups:
        return actor.uid == os.geteuid()
    return actor.name in approvers.users or not _look_up_group_names(actor).isdisjoint(approvers.groups)


def _look_up_group_names(actor: Actor) -> set[str]:
    try:
        member_of = os.getgrouplist(actor.name, pwd.getpwuid(actor.uid).pw_gid)
    except KeyError:
        return set()
    return {name for gid in member_of if (name := _look_up_group_name(gid))}


def _look_up_group_name(gid: int) -> str | None:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return None


def require_decider(actor: Actor, approvers: Approvers) -> None:
    """Raise NotPermitted unless `actor` may decide."""
    if not can_decide(actor, approvers):
        named = ", ".join([*approvers.users, *(f"group {group}" for group in approvers.groups)])
        raise NotPermitted(f"{actor.name} may not decide", f"ask {named or 'the user who runs the daemon'}")
