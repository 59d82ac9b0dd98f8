"""The connection to a dask scheduler: the only module, with `remote_call`, that knows dask's library."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Any, TypeVar

from distributed import Client, Future
from distributed.security import Security

from mcsyncd.errors import McsyncError
from mcsyncd.model.machine import Machine
from mcsyncd.workers.engine import ClusterEngine
from mcsyncd.workers.remote_call import perform_remotely

T = TypeVar("T")

_KEY_PREFIX = "mcsyncd"
_FILES_HINT = "check tls_ca, tls_cert and tls_key below workers in the settings, and who may read them"
_NETWORK_HINT = "check workers in the settings, mcsyncd-scheduler.service and the network between them"
_CONNECT_LIMIT_S = 5.0
"""Seconds for which a connection is tried. Judgement: a scheduler that listens takes some milliseconds."""
_ANSWER_LIMIT_S = 10.0
"""Seconds within which a scheduler must answer. Judgement: it answers in milliseconds; shorter, and one that
is busy counts as gone, which costs every running attempt."""
_CLOSE_LIMIT_S = 5.0
"""Seconds that closing a connection may take. The scheduler notices a closed socket without any goodbye."""


class ClusterUnreachable(McsyncError):
    """No scheduler answers, or it does not accept who we are."""


class AttemptLost(Exception):
    """The scheduler or the worker went away during an attempt."""


@dataclass(frozen=True, slots=True)
class RemoteAttempt:
    """A call that is under way on a machine."""

    future: Future[Any]

    async def fetch_answer(self) -> bytes:
        """Return the pickled result. Raises what the call raises, and AttemptLost."""
        try:
            answer: bytes = await self.future
        except (CancelledError, OSError) as error:
            if isinstance(error, OSError) and self.future.status == "error":
                raise  # the call's own
            raise AttemptLost(str(error)) from error
        return answer

    def stop(self) -> None:
        """Have the scheduler forget the call, and the machine kill its process. Never waits or raises."""
        self.future.release()


class ClusterLink:
    """A connection to a scheduler, for one event loop."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @classmethod
    async def connect(cls, engine: ClusterEngine) -> ClusterLink:
        """Connect to the scheduler. Raises ClusterUnreachable."""
        for name in ("distributed", "distributed.client"):
            # Its own reports of lost connections go to stderr; ours say what they mean.
            logging.getLogger(name).setLevel(logging.CRITICAL)
        asyncio.get_running_loop().set_exception_handler(_handle_abandoned_future)
        try:
            link = cls(_make_client(engine))
        except (OSError, ValueError) as error:
            raise ClusterUnreachable(f"{error}: TLS cannot be used", _FILES_HINT) from error
        try:
            async with asyncio.timeout(_CONNECT_LIMIT_S + _CLOSE_LIMIT_S):
                await link._client
        except BaseException as error:
            await link.close()
            if not isinstance(error, OSError):
                raise
            said = f"{engine.scheduler}: no scheduler answers: {_find_cause(error)}"
            raise ClusterUnreachable(said, _NETWORK_HINT) from error
        return link

    async def list_machines(self) -> tuple[Machine, ...]:
        """Return the machines that the scheduler knows, and what each encodes. Raises ClusterUnreachable."""
        found = await self._ask(self._client.scheduler.identity(n_workers=-1))
        running = await self._ask(self._client.scheduler.processing(workers=None))
        return tuple(
            Machine(
                address=address,
                name=str(worker["name"]),
                host=str(worker["host"]),
                slots=int(worker["nthreads"]),
                instance=str(worker["local_directory"]),  # a new one for each start
                running=tuple(_read_key(key) for key in running.get(address, ())),
            )
            for address, worker in sorted(found["workers"].items())
        )

    async def run_beside_calls(
        self, address: str, call: Callable[..., Awaitable[T]], *arguments: object, limit_s: float
    ) -> T:
        """Return what the coroutine function returns on a machine, even if all its slots are taken.

        Raises what it raises there, and TimeoutError.
        """
        async with asyncio.timeout(limit_s):
            answers: dict[str, T] = await self._client.run(call, *arguments, workers=[address])
        return answers[address]

    def start_attempt(self, call: bytes, address: str, label: str, number: str) -> RemoteAttempt:
        """Begin a call on a machine, and nowhere else."""
        future = self._client.submit(
            perform_remotely,
            call,
            key=f"{_KEY_PREFIX}/{number}/{label}",
            workers=[address],
            allow_other_workers=False,
            pure=False,
            retries=0,
        )
        return RemoteAttempt(future)

    async def close(self) -> None:
        """Close the connection: the scheduler forgets what it was asked. Never raises."""
        try:
            # Not asyncio.wait_for: it begins in a task of its own, and one that is cancelled before its
            # first step leaves coroutines of the library behind, never awaited.
            async with asyncio.timeout(_CLOSE_LIMIT_S):
                await self._client.close()
        except Exception:  # noqa: BLE001  # whatever is wrong with it, it is not used any more
            self._client.status = "closed"  # or its finalizer closes it again, on a loop that has ended

    async def _ask(self, question: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(_ANSWER_LIMIT_S):
                return await question
        except (OSError, ssl.SSLError) as error:
            address = self._client.scheduler.address
            raise ClusterUnreachable(f"{address}: the scheduler is gone: {_find_cause(error)}") from error


def _make_client(engine: ClusterEngine) -> Client:
    """Return a client that is not connected yet. Raises OSError, which names the file that is to blame."""
    for path in (engine.tls_ca, engine.tls_cert, engine.tls_key):
        path.open("rb").close()
    security = Security(
        tls_ca_file=str(engine.tls_ca),
        tls_client_cert=str(engine.tls_cert),
        tls_client_key=str(engine.tls_key),
        require_encryption=True,
    )
    return Client(
        engine.scheduler,
        security=security,
        asynchronous=True,
        timeout=_CONNECT_LIMIT_S,
        set_as_default=False,
    )


def _handle_abandoned_future(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Ignore the timeouts that the library forgets while it closes a connection; report anything else."""
    if not isinstance(context.get("exception"), TimeoutError):
        loop.default_exception_handler(context)


def _read_key(key: object) -> str:
    """Return the label in the key of a call; the whole key if it is none of ours."""
    text = str(key)
    return text.split("/", 2)[2] if text.startswith(f"{_KEY_PREFIX}/") else text


def _find_cause(error: BaseException) -> str:
    """Return what an error was caused by in the first place, which says more than the timeout at the end."""
    while (cause := error.__cause__ or error.__context__) is not None and not isinstance(
        cause, asyncio.CancelledError
    ):
        error = cause
    return str(error) or type(error).__name__
