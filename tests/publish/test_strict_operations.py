"""Which operation a request is, judged by the requests that botocore itself makes."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from hypothesis import given
from hypothesis import strategies as st

from r2strict.operations import S3Call, get_billing_class, parse_call
from r2strict.rules import count_metadata_bytes, find_part_refusal, find_refusal

KEY = {"Bucket": "footage", "Key": "k"}
UPLOAD = {**KEY, "UploadId": "u"}
RULES = {"Rules": [{"Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]}
CALLS: dict[str, dict[str, Any]] = {
    "ListBuckets": {},
    "HeadBucket": {"Bucket": "footage"},
    "CreateBucket": {"Bucket": "footage"},
    "DeleteBucket": {"Bucket": "footage"},
    "ListObjects": {"Bucket": "footage"},
    "ListObjectsV2": {"Bucket": "footage", "Prefix": "v1/"},
    "ListObjectVersions": {"Bucket": "footage"},
    "ListMultipartUploads": {"Bucket": "footage", "Prefix": "v1/"},
    "GetBucketCors": {"Bucket": "footage"},
    "PutBucketCors": {
        "Bucket": "footage",
        "CORSConfiguration": {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]},
    },
    "DeleteBucketCors": {"Bucket": "footage"},
    "GetBucketLifecycleConfiguration": {"Bucket": "footage"},
    "PutBucketLifecycleConfiguration": {"Bucket": "footage", "LifecycleConfiguration": RULES},
    "DeleteBucketLifecycle": {"Bucket": "footage"},
    "GetBucketVersioning": {"Bucket": "footage"},
    "GetBucketLocation": {"Bucket": "footage"},
    "GetBucketEncryption": {"Bucket": "footage"},
    "DeleteObjects": {"Bucket": "footage", "Delete": {"Objects": [{"Key": "k"}]}},
    "HeadObject": KEY,
    "GetObject": KEY,
    "PutObject": {**KEY, "Body": b"x"},
    "CopyObject": {**KEY, "CopySource": "footage/other"},
    "DeleteObject": KEY,
    "GetObjectTagging": KEY,
    "GetObjectAttributes": {**KEY, "ObjectAttributes": ["ETag"]},
    "CreateMultipartUpload": KEY,
    "UploadPart": {**UPLOAD, "PartNumber": 1, "Body": b"x"},
    "UploadPartCopy": {**UPLOAD, "PartNumber": 1, "CopySource": "footage/other"},
    "ListParts": UPLOAD,
    "CompleteMultipartUpload": {**UPLOAD, "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": "e"}]}},
    "AbortMultipartUpload": UPLOAD,
}
"""Parameters for each operation, by its name in botocore's description of S3."""


class Nothing(io.BytesIO):
    def stream(self, *_: object, **__: object):
        yield b"<Error/>"


@pytest.fixture(scope="module")
def send() -> Callable[[str, dict], S3Call]:
    """Return what the proxy would see of a call; nothing is sent."""
    client = boto3.client(
        "s3",
        endpoint_url="http://127.0.0.1:1",
        region_name="auto",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    seen: list[S3Call] = []

    def catch(request, **_: object) -> AWSResponse:
        target = request.url.removeprefix("http://127.0.0.1:1")
        headers = {
            name: value if isinstance(value, str) else value.decode()
            for name, value in request.headers.items()
        }
        seen.append(parse_call(request.method, target, headers))
        return AWSResponse(request.url, 500, {}, Nothing())

    client.meta.events.register("before-send.s3", catch)
    client.meta.events.register_first("needs-retry.s3", lambda **_: False)
    names = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}

    def make(operation: str, parameters: dict) -> S3Call:
        seen.clear()
        with pytest.raises(client.exceptions.ClientError):
            getattr(client, names[operation])(**parameters)
        return seen[0]

    yield make
    client.close()


@pytest.mark.parametrize("operation", CALLS)
def test_each_operation_is_told_from_the_others(send, operation):
    call = send(operation, CALLS[operation])
    assert call.operation == operation
    assert call.bucket == CALLS[operation].get("Bucket", "")
    assert call.key == CALLS[operation].get("Key", "")


@given(
    key=st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=60),
    operation=st.sampled_from([name for name in CALLS if "Key" in CALLS[name]]),
)
def test_whatever_a_key_looks_like(send, key, operation):
    """Also one that has a query, a slash or the name of a sub-resource in it."""
    call = send(operation, {**CALLS[operation], "Key": key})
    assert (call.operation, call.bucket, call.key) == (operation, "footage", key)


@given(
    st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60),
    st.dictionaries(st.sampled_from(["x-amz-copy-source", "x-amz-acl", "Expect"]), st.text(max_size=5)),
)
def test_any_request_line_has_a_name_and_a_class(method, target, headers):
    call = parse_call(method, f"/{target}", headers)
    assert call.operation
    assert get_billing_class(call.operation) in {"A", "B", "free"}
    find_refusal(call)


@pytest.mark.parametrize(
    ("operation", "billed"),
    [
        ("PutObject", "A"),
        ("UploadPart", "A"),
        ("ListParts", "A"),
        ("ListObjectsV2", "A"),
        ("CreateMultipartUpload", "A"),
        ("CompleteMultipartUpload", "A"),
        ("PutBucketLifecycleConfiguration", "A"),
        ("HeadObject", "B"),
        ("GetObject", "B"),
        ("HeadBucket", "B"),
        ("GetBucketCors", "B"),
        ("DeleteObject", "free"),
        ("AbortMultipartUpload", "free"),
    ],
)
def test_classes_are_those_of_the_price_list(operation, billed):
    assert get_billing_class(operation) == billed


@given(st.integers(1, 20), st.integers(0, 20), st.integers(0, 20))
def test_parts_are_equal_but_for_a_shorter_last_one(size, number, last):
    sizes = [*[size] * number, last]
    assert (find_part_refusal(sizes) is None) == (number == 0 or last <= size)


@given(st.lists(st.integers(1, 3), max_size=5))
def test_unequal_parts_before_the_last_are_refused(sizes):
    if len(set(sizes[:-1])) > 1:
        assert find_part_refusal(sizes) is not None


@given(st.dictionaries(st.from_regex("[a-z]{1,9}", fullmatch=True), st.text("äbc", max_size=9)))
def test_metadata_is_counted_in_bytes_without_the_prefix(metadata):
    call = parse_call("PUT", "/b/k", {f"X-Amz-Meta-{name}": value for name, value in metadata.items()})
    assert count_metadata_bytes(call) == sum(len(text.encode()) for pair in metadata.items() for text in pair)
