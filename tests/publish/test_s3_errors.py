"""Answers that a healthy server does not give."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError, SSLError

from mcsyncd.errors import StorageError, StoreOffline
from mcsyncd.publish.s3_errors import translate_s3_error


def answer(code: str, status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "secret detail"}, "ResponseMetadata": {"HTTPStatusCode": status}},
        "PutObject",
    )


def raised(fault: Exception) -> StorageError:
    with pytest.raises(StorageError) as caught, translate_s3_error("v1/orig/x"):
        raise fault
    return caught.value


@pytest.mark.parametrize(
    "fault",
    [
        answer("SlowDown", 503),
        answer("InternalError", 500),
        answer("TooManyRequests", 429),
        answer("SomethingNew", 502),
        answer("NoSuchUpload", 404),
        ReadTimeoutError(endpoint_url="http://x"),
        SSLError(endpoint_url="https://x", error="EOF occurred in violation of protocol"),
    ],
)
def test_trouble_that_passes(fault):
    assert isinstance(raised(fault), StoreOffline)


@pytest.mark.parametrize(
    "fault",
    [
        answer("AccessDenied", 403),
        answer("Unauthorized", 401),
        answer("NoSuchBucket", 404),
        answer("RequestTimeTooSkewed", 403),
        answer("BadDigest", 400),
        answer("NotImplemented", 501),
    ],
)
def test_trouble_that_needs_a_person(fault):
    error = raised(fault)
    assert not isinstance(error, StoreOffline)
    assert "v1/orig/x" in error.message
    assert error.hint
    assert "secret detail" not in str(error)
