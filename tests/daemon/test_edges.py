"""The socket, the hub and the bodies: small edges with promises of their own."""

from __future__ import annotations

import os
import socket
import stat

import pytest

from mcsyncd.api import StreamEventBody
from mcsyncd.daemon.accounts import read_peer_uid
from mcsyncd.daemon.api_socket import bind_api_socket
from mcsyncd.daemon.event_hub import EventHub
from mcsyncd.errors import McsyncError


def test_the_socket_is_for_owner_and_group_only(tmp_path):
    path = tmp_path / "run" / "api.sock"
    with bind_api_socket(path, ()) as listener:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert listener.getsockname() == str(path)


def test_a_dead_daemons_socket_is_replaced_and_a_living_ones_is_not(tmp_path):
    path = tmp_path / "api.sock"
    bind_api_socket(path, ()).close()
    assert path.is_socket()
    with bind_api_socket(path, ()), pytest.raises(McsyncError, match="another daemon answers"):
        bind_api_socket(path, ())


@pytest.mark.parametrize("kind", ["file", "folder", "dangling link", "link to a socket"])
def test_what_is_no_socket_at_its_path_is_named_and_left_alone(tmp_path, kind):
    path = tmp_path / "api.sock"
    match kind:
        case "file":
            path.write_text("precious")
        case "folder":
            path.mkdir()
        case "dangling link":
            path.symlink_to(tmp_path / "nowhere")
        case _:
            bind_api_socket(tmp_path / "other.sock", ()).close()
            path.symlink_to(tmp_path / "other.sock")
    before = os.lstat(path)
    with pytest.raises(McsyncError, match="no socket") as refused:
        bind_api_socket(path, ())
    assert str(path) in refused.value.message
    assert "move it away" in refused.value.hint
    assert os.lstat(path).st_ino == before.st_ino


def test_a_path_too_long_for_a_socket_is_said(tmp_path):
    with pytest.raises(McsyncError, match=r"api\.sock"):
        bind_api_socket(tmp_path / ("x" * 100) / "api.sock", ())


def test_a_group_that_is_not_there_leaves_the_socket_private(tmp_path):
    path = tmp_path / "api.sock"
    with bind_api_socket(path, ("no-such-group",)):
        assert path.stat().st_gid == os.getegid()


async def test_a_listener_too_slow_to_follow_is_cut_off_and_the_others_go_on():
    hub = EventHub()
    with hub.subscribe() as slow, hub.subscribe() as quick:
        for seq in range(5000):
            hub.broadcast(StreamEventBody(what="event", seq=seq))
            assert (await quick.get()).seq == seq
        assert await slow.get() is None
        assert slow.empty()


def test_the_socket_knows_its_callers(tmp_path):
    path = tmp_path / "api.sock"
    with bind_api_socket(path, ()) as listener, socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(path))
        connection, _ = listener.accept()
        with connection:
            assert read_peer_uid(connection) == os.geteuid()
