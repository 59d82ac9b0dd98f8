"""Bind the API's Unix socket so that it never has a wrong mode, not even for a moment."""

from __future__ import annotations

import grp
import os
import socket
from pathlib import Path

import structlog

from mcsyncd.errors import McsyncError

BACKLOG = 1024
"""Connections that may wait to be accepted; the kernel caps it at net.core.somaxconn (4,096 since Linux 5.4).
Judgement: a client that does not block is refused while it is full, so a burst of others must fit in it."""

log = structlog.get_logger("mcsyncd.socket")


def bind_api_socket(path: Path, groups: tuple[str, ...], setting: str = "socket") -> socket.socket:
    """Return a listening socket at `path`, mode 0660, owned by the first of `groups` that exists.

    Blocks on the group database: called at start-up, before there is anything else to serve.
    `setting` names the path in messages. Raises McsyncError if another daemon answers there, or if the path
    is too long.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_stale_socket(path, setting)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    before = os.umask(0o117)
    try:
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise McsyncError(f"{path}: {error}", f"set a shorter or another path as `{setting}`") from error
    finally:
        os.umask(before)
    _give_socket_to_group(path, groups)
    listener.listen(BACKLOG)
    return listener


def _remove_stale_socket(path: Path, setting: str) -> None:
    """Remove the socket of a daemon that died.

    Raises McsyncError if a daemon still answers there, or if it is something other than a socket:
    that is not ours to remove.
    """
    if not os.path.lexists(path):
        return
    if path.is_symlink() or not path.is_socket():
        raise McsyncError(
            f"{path}: there is something there that is no socket", f"move it away, or set another `{setting}`"
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise McsyncError(f"{path}: another daemon answers there", f"stop it, or set another `{setting}`")


def _give_socket_to_group(path: Path, groups: tuple[str, ...]) -> None:
    for name in groups:
        try:
            os.chown(path, -1, grp.getgrnam(name).gr_gid)
        except KeyError:
            log.warning("no such group", group=name)
        except PermissionError:
            log.warning("cannot give the socket to the group: the daemon's user is not a member", group=name)
        else:
            return
