"""Who may decide: the kernel names the caller, the group database confirms it, in time or not at all."""

from __future__ import annotations

import asyncio
import grp
import os
import pwd
import socket
import threading
import time

import pytest

from mcsyncd.daemon import accounts
from mcsyncd.daemon.accounts import (
    Account,
    AccountDirectory,
    is_approver,
    look_up_account,
    read_peer_uid,
)
from mcsyncd.errors import NotPermitted, Unavailable
from mcsyncd.model.session import Actor
from mcsyncd.settings.schema import Approvers

ME = pwd.getpwuid(os.geteuid())
SOMEBODY = next(entry for entry in pwd.getpwall() if entry.pw_uid != os.geteuid())
UID = 4711
KIM = Account(UID, "kim", frozenset({"mcsync-supervisors"}))
SUPERVISORS = Approvers(groups=("mcsync-supervisors",))


@pytest.fixture
def gate():
    """An event that blocks lookups until the test is over."""
    opened = threading.Event()
    yield opened
    opened.set()


def test_the_kernel_names_the_peer():
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        assert read_peer_uid(one) == ME.pw_uid


def test_a_name_and_its_groups_come_from_the_user_database():
    found = look_up_account(SOMEBODY.pw_uid)
    assert found.actor == Actor(SOMEBODY.pw_name, SOMEBODY.pw_uid)
    assert grp.getgrgid(SOMEBODY.pw_gid).gr_name in found.groups
    assert look_up_account(987_654) == Account(987_654, "uid 987654", frozenset())


def test_with_nobody_named_nobody_may_decide():
    assert not is_approver(look_up_account(ME.pw_uid), Approvers())
    assert not is_approver(look_up_account(SOMEBODY.pw_uid), Approvers())


def test_a_user_who_never_decides_does_not_whatever_group_they_are_in():
    """The user who serves the app to browsers needs the supervisors' group for the socket alone."""
    browser = Account(UID + 1, "mcsync-web", KIM.groups)
    named = Approvers(groups=("mcsync-supervisors",), never=("mcsync-web",))
    assert is_approver(browser, SUPERVISORS)
    assert not is_approver(browser, named)
    assert is_approver(KIM, named)


def test_nobody_stands_under_users_and_under_never():
    with pytest.raises(ValueError, match="mcsync-web stands under users and under never"):
        Approvers(users=("kim", "mcsync-web"), never=("mcsync-web",))


def test_the_daemons_own_user_decides_only_if_it_is_named():
    """It is in the supervisors' group, to give them the socket: that must not make it one of them."""
    own = Account(os.geteuid(), ME.pw_name, frozenset({"mcsync-supervisors"}))
    assert not is_approver(own, SUPERVISORS)
    assert is_approver(own, Approvers(users=(ME.pw_name,)))
    assert is_approver(own, Approvers(daemon_user=True))
    assert not is_approver(KIM, Approvers(daemon_user=True))


def test_root_decides_only_if_it_is_named(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 47_111)
    root = Account(0, "root", frozenset({"mcsync-supervisors"}))
    assert not is_approver(root, SUPERVISORS)
    assert not is_approver(root, Approvers(daemon_user=True))
    assert is_approver(root, Approvers(users=("root",)))


async def test_a_refusal_where_nobody_is_named_says_how_to_name_somebody():
    with pytest.raises(NotPermitted) as refused:
        await AccountDirectory(lambda uid: KIM).require_approver(UID, Approvers())
    assert "review.approvers" in refused.value.hint


def test_where_somebody_is_named_only_those_decide():
    named = Approvers(users=(SOMEBODY.pw_name,))
    assert is_approver(look_up_account(SOMEBODY.pw_uid), named)
    assert not is_approver(look_up_account(ME.pw_uid), named)
    assert is_approver(KIM, SUPERVISORS)
    assert not is_approver(KIM, Approvers(groups=("another",)))


async def test_a_decision_takes_an_approver():
    directory = AccountDirectory(lambda uid: KIM)
    assert await directory.require_approver(UID, SUPERVISORS) == Actor("kim", UID)
    with pytest.raises(NotPermitted, match="kim may not decide") as refused:
        await directory.require_approver(UID, Approvers(users=("jo",)))
    assert "jo" in refused.value.hint


async def test_a_slow_database_shows_the_last_known_account(monkeypatch, gate):
    monkeypatch.setattr(accounts, "DISPLAY_LIMIT_S", 0.05)
    slow = False

    def look_up(uid):
        if slow:
            gate.wait()
        return KIM

    directory = AccountDirectory(look_up)
    assert await directory.identify(UID) == KIM
    slow = True
    began = time.monotonic()
    assert await directory.identify(UID) == KIM
    assert time.monotonic() - began < 1
    assert await directory.identify(UID + 1) == Account(UID + 1, f"uid {UID + 1}", frozenset())


async def test_an_old_answer_grants_nothing(monkeypatch, gate):
    monkeypatch.setattr(accounts, "DECISION_LIMIT_S", 0.02)
    monkeypatch.setattr(accounts, "MAX_DECISION_AGE_S", 0.2)
    slow = False

    def look_up(uid):
        if slow:
            gate.wait()
        return KIM

    directory = AccountDirectory(look_up)
    assert await directory.identify(UID) == KIM
    slow = True
    await asyncio.sleep(0.2)
    with pytest.raises(Unavailable, match="nobody can decide") as refused:
        await directory.require_approver(UID, SUPERVISORS)
    assert f"getent passwd {UID}" in refused.value.hint


async def test_an_answer_that_took_too_long_grants_nothing(monkeypatch):
    monkeypatch.setattr(accounts, "MAX_DECISION_AGE_S", 0.05)

    def look_up(uid):
        time.sleep(0.1)
        return KIM

    with pytest.raises(Unavailable):
        await AccountDirectory(look_up).require_approver(UID, SUPERVISORS)


async def test_a_database_that_fails_grants_nothing():
    def look_up(uid):
        raise OSError("no route to host")

    directory = AccountDirectory(look_up)
    assert (await directory.identify(UID)).name == f"uid {UID}"
    with pytest.raises(Unavailable):
        await directory.require_approver(UID, SUPERVISORS)
