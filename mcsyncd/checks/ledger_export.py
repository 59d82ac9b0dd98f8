"""Export the event log as lines that anyone can check (docs/log-export.md), signed if there is a key."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from mcsyncd.checks.check_result import CheckResult
from mcsyncd.checks.sessions import locate_ledger
from mcsyncd.errors import McsyncError, UsageError
from mcsyncd.integrity.derived_file import DerivedFile, write_derived_file
from mcsyncd.settings.schema import Settings
from mcsyncd.store.chain import ChainWalk
from mcsyncd.store.rows import open_read_only, read_entry_page

EXPORT_FORMAT = 1
"""Format of the lines, in the last of them. Whoever checks an export refuses one that it does not know."""
SIGNATURE_NAMESPACE = "mcsyncd-log"
"""What a signature is for, as `ssh-keygen -Y` wants it: one made for something else does not verify."""
_SIGN_LIMIT_S = 120.0
"""Seconds that ssh-keygen may take. Judgement: somebody may have to enter a passphrase or touch a token."""


@dataclass(frozen=True, slots=True)
class LedgerExport:
    """What was exported. `signature` is None without a key, and with `faults`: a broken log is not signed."""

    events: int
    head: str
    faults: tuple[str, ...]
    signature: Path | None


def export_log(settings: Settings, target: Path) -> LedgerExport:
    """Write all events to `target`, one JSON object a line and a last line with their count, and sign it.

    The chain is checked on the way. Raises UsageError if `target` exists, OSError if it cannot be written,
    and McsyncError if the ledger cannot be read or the export cannot be signed.
    """
    if target.exists():
        raise UsageError(f"{target}: there is such a file", "choose another name")
    walk, faults = ChainWalk(), list[str]()
    try:
        with closing(open_read_only(locate_ledger(settings))) as db, DerivedFile(target) as file:
            db.execute("BEGIN")  # what a daemon records meanwhile is not part of it
            while page := read_entry_page(db, None, walk.seq):
                for entry in page:
                    faults += walk.check_entry(entry)
                    file.write(_encode_line(asdict(entry)))
            file.write(_encode_line({"export": EXPORT_FORMAT, "events": walk.seq, "head": walk.head}))
    except sqlite3.Error as error:
        raise McsyncError(f"the ledger cannot be read: {error}", "run `mcsyncd verify log`") from error
    key = settings.ledger.signing_key
    signature = _sign_file(key, target) if key is not None and not faults else None
    return LedgerExport(walk.seq, walk.head, tuple(faults), signature)


def _encode_line(content: dict[str, object]) -> bytes:
    return json.dumps(content, ensure_ascii=True).encode() + b"\n"


def check_signing_key(key: Path) -> Iterator[CheckResult]:
    """Try the key. It must not need anybody: nothing is asked for here."""
    try:
        with Path(os.devnull).open("rb") as nothing:
            _sign(key, nothing, may_ask=False)
    except McsyncError as error:
        yield CheckResult("signing key", "warn", error.message, error.hint)
    else:
        yield CheckResult("signing key", "ok", f"{key}: signs what `mcsyncd log --export` writes")


def _sign_file(key: Path, file: Path) -> Path:
    """Sign a file; return the signature's path."""
    try:
        with file.open("rb") as content:
            signature = _sign(key, content, may_ask=True)
    except McsyncError as error:
        raise McsyncError(f"{file.name} is complete but not signed: {error.message}", error.hint) from error
    target = file.with_name(f"{file.name}.sig")
    write_derived_file(target, signature)
    return target


def _sign(key: Path, content: BinaryIO, *, may_ask: bool) -> bytes:
    """Return the signature by OpenSSH's `ssh-keygen -Y sign`. `may_ask`: it may ask for a passphrase."""
    command = ["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", SIGNATURE_NAMESPACE]
    try:
        done = subprocess.run(  # noqa: S603  # the key's path is the administrator's
            command,
            stdin=content,
            capture_output=True,
            timeout=_SIGN_LIMIT_S,
            check=False,
            start_new_session=not may_ask,  # without a terminal
            env={**os.environ, **({} if may_ask else {"SSH_ASKPASS_REQUIRE": "never"})},
        )
    except FileNotFoundError:
        raise McsyncError("ssh-keygen is not installed", "install OpenSSH's client") from None
    except subprocess.TimeoutExpired:
        raise McsyncError(f"{key}: ssh-keygen does not answer", "try to sign with it by hand") from None
    if done.returncode != 0:
        said = " ".join(done.stderr.decode(errors="replace").strip().splitlines()[-1:])
        raise McsyncError(
            f"{key}: ssh-keygen cannot sign with it: {said}",
            "name a key of OpenSSH that you may read in `ledger.signing_key`",
        )
    return done.stdout
