"""Can a machine do our work? It must see the same files, and make the same bytes from them.

`answer_probe` runs on the machine, everything else here.
"""

from __future__ import annotations

import asyncio
import hashlib
import platform
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from mcsyncd import __version__
from mcsyncd.integrity.derived_file import write_derived_file
from mcsyncd.model.machine import VersionsOf, explain_difference

_TOKEN, _ANSWER = "token", "answer"
_SHARE_HINT = "mount the work folder there, at the same path and for the same user: docs/cluster.md"
_VERSIONS_HINT = (
    "install the same version of mcsyncd[cluster] there, from the same wheels, and restart its worker"
)


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """What a machine says of itself. `fault` is why it could not write its answer file, else empty.

    `nonce` is what it mixed with the token in that file: it proves that it read the one and wrote the other.
    """

    nonce: str
    versions: VersionsOf
    fault: str = ""


@dataclass(frozen=True, slots=True)
class MachineObjection:
    """Why a machine gets no work, and what an operator can do about it."""

    reason: str
    hint: str


def describe_versions() -> dict[str, str]:
    """Return what the bytes of a rendition depend on in this process: versions, and the architecture."""
    from mcsyncd.conform.library_versions import get_library_versions  # noqa: PLC0415  # loads the codecs

    python = ".".join(platform.python_version_tuple()[:2])
    return {
        **dict(get_library_versions()),
        "mcsyncd": __version__,
        "python": python,
        "architecture": platform.machine(),
    }


def lay_token(folder: Path) -> Path:
    """Make a probe's own folder with a token in it, and return it. Raises OSError.

    Its name is new each time: an NFS client may remember that a name it has looked for was not there.
    """
    probe = folder / "probe" / secrets.token_hex(8)
    write_derived_file(probe / _TOKEN, secrets.token_hex(16).encode(), durable=False)
    return probe


async def answer_probe(probe: Path) -> ProbeAnswer:
    """Answer a probe, on the machine. In a thread: a file server that hangs must not stop its heartbeat."""
    return await asyncio.to_thread(_answer, probe)


def _answer(probe: Path) -> ProbeAnswer:
    nonce, fault = secrets.token_hex(16), ""
    try:
        token = (probe / _TOKEN).read_text()
        write_derived_file(probe / _ANSWER, _mix(token, nonce).encode(), durable=False)
    except OSError as error:
        fault = str(error)
    return ProbeAnswer(nonce, describe_versions(), fault)


def judge_answer(answer: ProbeAnswer, probe: Path, ours: VersionsOf) -> MachineObjection | None:
    """Return what speaks against a machine after its answer; None if it may work."""
    if answer.fault:
        return MachineObjection(f"does not share the work folder: {answer.fault}", _SHARE_HINT)
    try:
        token, written = (probe / _TOKEN).read_text(), (probe / _ANSWER).read_text()
        shutil.rmtree(probe)
    except OSError as error:
        return MachineObjection(
            f"does not share the work folder: what it wrote is not usable here: {error}", _SHARE_HINT
        )
    if not secrets.compare_digest(written, _mix(token, answer.nonce)):
        return MachineObjection("does not share the work folder: it read something else there", _SHARE_HINT)
    if difference := explain_difference(ours, answer.versions):
        return MachineObjection(f"makes other bytes: {difference}", _VERSIONS_HINT)
    return None


def _mix(token: str, nonce: str) -> str:
    return hashlib.sha256(f"{token} {nonce}".encode()).hexdigest()
