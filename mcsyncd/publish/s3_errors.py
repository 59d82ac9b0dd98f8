"""What went wrong at a bucket, in words: which trouble passes, and which needs a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from mcsyncd.errors import StorageError
from mcsyncd.publish.object_store import StoreOffline

_ACCESS_REFUSED_CODES = {
    "AccessDenied",
    "Forbidden",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "Unauthorized",
    "401",
    "403",
}
_TRANSIENT_CODES = {
    "SlowDown",
    "TooManyRequests",
    "ServiceUnavailable",
    "InternalError",
    "RequestTimeout",
    "NoSuchUpload",
}

_TRANSIENT_STATUSES = {
    429,
    500,
    502,
    503,
    504,
}  # not 501: what is not implemented will not be on the next try


@contextmanager
def translate_s3_error(what: str) -> Iterator[None]:
    """Turn botocore's errors into StorageError or Offline about `what` (a key, the bucket)."""
    try:
        yield
    except ClientError as answer:
        raise _build_storage_error(what, answer) from answer
    except (HTTPClientError, NotConnected) as fault:
        raise StoreOffline(
            f"{what}: the store cannot be reached", "see to the network; it is tried again"
        ) from fault
    except BotoCoreError as fault:
        raise StorageError(f"{what}: {fault}", "see the storage settings") from fault


def get_error_code(answer: ClientError) -> str:
    """Return the server's error code; for an answer without a body, its HTTP status."""
    return answer.response.get("Error", {}).get("Code", "")


def get_http_status(answer: ClientError) -> int:
    """Return the HTTP status of an answer."""
    return answer.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def _build_storage_error(what: str, answer: ClientError) -> StorageError:
    said = get_error_code(answer)
    if said in _ACCESS_REFUSED_CODES:
        return StorageError(
            f"{what}: the store refuses the access key ({said})",
            "check the credential and its rights on this bucket, then restart the daemon",
        )
    if said in ("NoSuchBucket", "PermanentRedirect"):
        return StorageError(f"{what}: no such bucket", "check storage.bucket and storage.jurisdiction")
    if said == "RequestTimeTooSkewed":
        return StorageError(f"{what}: the clock of this machine is wrong", "see to its time synchronisation")
    if said in _TRANSIENT_CODES or get_http_status(answer) in _TRANSIENT_STATUSES:
        return StoreOffline(f"{what}: the store is busy or in trouble ({said})", "it is tried again")
    return StorageError(f"{what}: the store answered {said}", "see the log of the daemon")
