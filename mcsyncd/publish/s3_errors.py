"""Errors of a bucket as StorageError: which of them may pass, and which need an operator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    SSLError,
)
from botocore.exceptions import ConnectionError as NotConnected

from mcsyncd.errors import StorageError, StoreOffline, StoreRefused

_ACCESS_REFUSED_CODES = {
    "AccessDenied",
    "Forbidden",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "Unauthorized",
    "401",
    "403",
}
"""S3 error codes (and bare statuses of answers without a body) for a key that is wrong or lacks rights.

A retry cannot help. A code that is missing here is reported without an explanation.
"""
_TRANSIENT_CODES = {
    "SlowDown",
    "TooManyRequests",
    "ServiceUnavailable",
    "InternalError",
    "RequestTimeout",
    "NoSuchUpload",
}
"""S3 error codes after which the same upload may succeed. `NoSuchUpload`: a bucket rule dropped the parts,
and the next attempt begins a new upload."""
_TRANSIENT_STATUSES = {429, 500, 502, 503, 504}
"""HTTP statuses after which a retry may succeed (RFC 9110, RFC 6585). Not 501, which R2 answers to what it
does not implement: retrying would never end."""


@contextmanager
def translate_s3_error(what: str) -> Iterator[None]:
    """Turn botocore's errors into StorageError or StoreOffline about `what` (a key, the bucket)."""
    try:
        yield
    except ClientError as answer:
        raise _build_storage_error(what, answer) from answer
    except SSLError as error:
        if "CERTIFICATE_VERIFY_FAILED" not in str(error):
            raise _build_unreachable_error(what) from error
        raise StoreOffline(
            f"{what}: the certificate of the store is not trusted",
            "check the clock, storage.ca_file, and whether the network answers in the store's place; "
            "the upload will be retried automatically",
        ) from error
    except (HTTPClientError, NotConnected, IncompleteReadError) as error:
        raise _build_unreachable_error(what) from error
    except BotoCoreError as error:
        raise StorageError(f"{what}: {error}", "check the storage settings") from error


def is_passing_answer(error: ClientError | BotoCoreError) -> bool:
    """Tell whether the same request may succeed later: no connection, an overloaded or failing store."""
    if isinstance(error, ClientError):
        return get_error_code(error) in _TRANSIENT_CODES or get_http_status(error) in _TRANSIENT_STATUSES
    return isinstance(error, HTTPClientError | NotConnected)


def get_error_code(answer: ClientError) -> str:
    """Return the server's error code; for an answer without a body, its HTTP status as text."""
    return answer.response.get("Error", {}).get("Code", "")


def get_http_status(answer: ClientError) -> int:
    """Return the HTTP status of an answer."""
    return answer.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def describe_answer(answer: ClientError) -> str:
    """Return what to quote to the store's support: error code, HTTP status and the id of the request."""
    status, request_id = get_http_status(answer), _get_request_id(answer)
    said = (get_error_code(answer), status and f"HTTP {status}", request_id and f"request {request_id}")
    return ", ".join(part for part in said if part)


def _get_request_id(answer: ClientError) -> str:
    """Return the store's id of a request: Cloudflare's ray where there is one, else S3's own."""
    metadata = answer.response.get("ResponseMetadata", {})
    headers = metadata.get("HTTPHeaders", {})
    return str(headers.get("cf-ray") or metadata.get("RequestId") or "")


def _build_unreachable_error(what: str) -> StoreOffline:
    return StoreOffline(
        f"{what}: the store cannot be reached", "check the network; the upload will be retried automatically"
    )


def _build_storage_error(what: str, answer: ClientError) -> StorageError:
    code, said = get_error_code(answer), describe_answer(answer)
    if code in _ACCESS_REFUSED_CODES:
        return StoreRefused(
            f"{what}: the store refuses the access key ({said})",
            "check the credential and its rights on this bucket, then restart the daemon",
        )
    if code in ("NoSuchBucket", "PermanentRedirect"):
        return StoreRefused(
            f"{what}: no such bucket ({said})", "check storage.bucket and storage.jurisdiction"
        )
    if code == "RequestTimeTooSkewed":
        return StoreRefused(
            f"{what}: the clock of this machine is wrong ({said})",
            "check its time synchronisation: timedatectl",
        )
    if is_passing_answer(answer):
        return StoreOffline(
            f"{what}: the store is overloaded or failing ({said})", "will be retried automatically"
        )
    return StorageError(
        f"{what}: the store answered {said}",
        "look the error up in Cloudflare's documentation (R2, error codes), then retry the session",
    )
