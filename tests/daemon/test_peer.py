from __future__ import annotations

import grp
import os
import pwd
import socket

import pytest

from mcsyncd.daemon.peer import can_decide, identify_peer, require_decider
from mcsyncd.errors import NotPermitted
from mcsyncd.model.session import Actor
from mcsyncd.settings.schema import Approvers

ME = pwd.getpwuid(os.geteuid())
SOMEBODY = next(entry for entry in pwd.getpwall() if entry.pw_uid != os.geteuid())


def test_the_kernel_names_the_peer():
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        assert identify_peer(one) == Actor(ME.pw_name, ME.pw_uid)


def test_with_nobody_named_it_is_the_user_who_runs_the_daemon():
    assert can_decide(Actor(ME.pw_name, ME.pw_uid), Approvers())
    assert not can_decide(Actor(SOMEBODY.pw_name, SOMEBODY.pw_uid), Approvers())


def test_where_somebody_is_named_only_those_decide():
    named = Approvers(users=(SOMEBODY.pw_name,))
    assert can_decide(Actor(SOMEBODY.pw_name, SOMEBODY.pw_uid), named)
    assert not can_decide(Actor(ME.pw_name, ME.pw_uid), named)
    with pytest.raises(NotPermitted, match=ME.pw_name):
        require_decider(Actor(ME.pw_name, ME.pw_uid), named)


def test_groups_are_looked_up_in_the_user_database():
    own = grp.getgrgid(SOMEBODY.pw_gid).gr_name
    assert can_decide(Actor(SOMEBODY.pw_name, SOMEBODY.pw_uid), Approvers(groups=(own,)))
    assert not can_decide(Actor(SOMEBODY.pw_name, SOMEBODY.pw_uid), Approvers(groups=("no-such-group",)))
    assert not can_decide(Actor("nobody-at-all", 987_654), Approvers(groups=(own,)))
