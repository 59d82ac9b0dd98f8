import socket
from pathlib import Path

import pytest

from mcsyncd.errors import Unreachable, UsageError
from mcsyncd.tui.remote import forward_socket

# A stand-in for ssh that forwards as ssh would: it listens where -L says, and stays.
SSH = """#!{python}
import socket, sys, time
given = sys.argv[1:]
open({log!r}, "w").write("\\n".join(given))
local, remote = given[given.index("-L") + 1].split(":")
at = socket.socket(socket.AF_UNIX)
at.bind(local)
at.listen()
time.sleep(60)
"""


@pytest.fixture
def ssh(tmp_path, monkeypatch):
    import sys  # noqa: PLC0415  # only here

    log = tmp_path / "given"
    script = tmp_path / "ssh"
    script.write_text(SSH.format(python=sys.executable, log=str(log)))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return log


def test_the_socket_exists_only_inside_the_context(ssh):
    with forward_socket("cam-nas", Path("/run/mcsyncd/api.sock")) as local:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(local))
        assert local.parent.stat().st_mode & 0o077 == 0
    assert not local.exists()
    given = ssh.read_text().splitlines()
    assert given[-2:] == ["--", "cam-nas"]
    assert f"{local}:/run/mcsyncd/api.sock" in given


@pytest.mark.parametrize("host", ["-oProxyCommand=reboot", ""])
def test_a_host_that_ssh_would_take_for_an_option_is_refused(host, ssh):
    with pytest.raises(UsageError, match="not a host name"), forward_socket(host, Path("/x")):
        pass
    assert not ssh.exists()


def test_ssh_that_ends_is_reported_with_its_host(tmp_path, monkeypatch):
    script = tmp_path / "ssh"
    script.write_text("#!/bin/sh\nexit 255\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unreachable, match="cam-nas"), forward_socket("cam-nas", Path("/x")):
        pass


def test_without_ssh_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unreachable, match="OpenSSH"), forward_socket("cam-nas", Path("/x")):
        pass
