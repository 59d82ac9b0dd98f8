"""Access keys and other secrets, from systemd's credentials or a private file and nowhere else."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mcsyncd.errors import StoreRefused

_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Z0-9_]+)\s*=\s*(.*?)\s*")
"""`NAME=value`, as in an environment file; a leading `export` is accepted."""
_REQUIRED_NAMES = ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
"""Names of the lines, as documented in docs/operations.md; renaming one breaks every credential in use."""
UNIT_CREDENTIALS = ("/run/credentials/mcsyncd-publish.service", "/run/credentials/mcsyncd.service")
"""Where systemd keeps the credentials of our units (systemd.exec, "Credentials"): the publisher's, else the
daemon's. With another name, commands need --credential."""
_MAX_FILE_BYTES = 4096
"""Bytes read of a credential. Judgement: two lines are far shorter; of a larger file the rest is ignored."""


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key. The secret is left out of its repr, which may reach a log."""

    id: str
    secret: str = field(repr=False)


def read_access_key(name: str, environ: Mapping[str, str]) -> AccessKey:
    """Read the credential `name` from `$CREDENTIALS_DIRECTORY`, where systemd puts it.

    Outside a unit, from that of our own, which root may read while it runs.

    Raises StoreRefused if there is none or if others can read it.
    """
    return read_access_key_file(locate_credential(name, environ))


def locate_credential(name: str, environ: Mapping[str, str]) -> Path:
    """Return where systemd has put the credential `name`. Raises StoreRefused if it has put none anywhere."""
    folder = _find_folder(environ)
    if not folder.is_dir():
        raise StoreRefused(
            f"no credential {name!r}: CREDENTIALS_DIRECTORY is not set",
            f"add LoadCredential={name}:/path/to/file to the unit; on the command line, name the file with "
            "--credential FILE",
        )
    return folder / name


def _find_folder(environ: Mapping[str, str]) -> Path:
    if named := environ.get("CREDENTIALS_DIRECTORY"):
        return Path(named)
    return next((path for path in map(Path, UNIT_CREDENTIALS) if path.is_dir()), Path(UNIT_CREDENTIALS[0]))


def read_access_key_file(path: Path) -> AccessKey:
    """Read the lines `ACCESS_KEY_ID=…` and `SECRET_ACCESS_KEY=…` from a private file.

    Raises what `read_secrets` raises.
    """
    return AccessKey(*read_secrets(path, _REQUIRED_NAMES, "the access key"))


def read_secrets(path: Path, names: Sequence[str], what: str) -> list[str]:
    """Return the values of the lines `NAME=…` in a private file, in the order of `names`.

    `what` they are is for a person. Raises StoreRefused if the file is missing, readable by others, or lacks
    one of them. No error message contains anything from the file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise StoreRefused(f"credential {path}: {error.strerror}", f"put {what} into that file") from None
    try:
        _require_private(descriptor, path)
        text = os.read(descriptor, _MAX_FILE_BYTES).decode("utf-8", "replace")
    finally:
        os.close(descriptor)
    found = {match[1]: match[2] for line in text.splitlines() if (match := _ASSIGNMENT.fullmatch(line))}
    values = [found.get(name, "").strip("'\"") for name in names]
    if not all(values):
        wanted = " and ".join(f"{name}=…" for name in names)
        lines = "the line" if len(names) == 1 else "the lines"
        raise StoreRefused(f"credential {path} is incomplete", f"it needs {lines} {wanted}")
    return values


def _require_private(descriptor: int, path: Path) -> None:
    """Raise StoreRefused if others can read the file, or if it is not a regular file.

    With an access control list, the group bits of the mode are the list's mask and not the
    group's permission: systemd passes credentials that way where the filesystem supports it.
    """
    mode = os.fstat(descriptor).st_mode
    shared = stat.S_IRWXO | (0 if _has_acl(descriptor) else stat.S_IRWXG)
    if not stat.S_ISREG(mode) or mode & shared:
        raise StoreRefused(f"credential {path} can be read by others", f"chmod 600 {path}")


def _has_acl(descriptor: int) -> bool:
    try:
        return "system.posix_acl_access" in os.listxattr(descriptor)
    except OSError:
        return False
