"""Which S3 operation a request is, and what Cloudflare charges for it. Pure.

The names are those of the S3 API, as botocore uses them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, unquote

BillingClass = Literal["A", "B", "free"]

UNKNOWN = "Unknown"
"""A request that is no operation of S3."""
LISTS = frozenset({"ListObjects", "ListObjectsV2", "ListMultipartUploads", "ListParts"})
"""Operations that answer in pages."""
WRITES = frozenset({"PutObject", "CopyObject", "CompleteMultipartUpload"})
"""Operations that give a key its content. Deletions are none: the limits page names writes alone."""

_BUCKET_PARTS = {
    "cors": "BucketCors",
    "lifecycle": "BucketLifecycleConfiguration",
    "versioning": "BucketVersioning",
    "acl": "BucketAcl",
    "tagging": "BucketTagging",
    "policy": "BucketPolicy",
    "object-lock": "ObjectLockConfiguration",
    "encryption": "BucketEncryption",
    "location": "BucketLocation",
    "notification": "BucketNotificationConfiguration",
    "website": "BucketWebsite",
    "replication": "BucketReplication",
    "logging": "BucketLogging",
    "accelerate": "BucketAccelerateConfiguration",
    "requestPayment": "BucketRequestPayment",
    "publicAccessBlock": "PublicAccessBlock",
    "ownershipControls": "BucketOwnershipControls",
    "inventory": "BucketInventoryConfiguration",
}
_OBJECT_PARTS = {
    "tagging": "ObjectTagging",
    "acl": "ObjectAcl",
    "retention": "ObjectRetention",
    "legal-hold": "ObjectLegalHold",
    "attributes": "ObjectAttributes",
}
_VERBS = {"GET": "Get", "PUT": "Put", "DELETE": "Delete"}
_BUCKET_METHODS = {
    "HEAD": "HeadBucket",
    "PUT": "CreateBucket",
    "DELETE": "DeleteBucket",
    "POST": "PostObject",
}
_OBJECT_METHODS = {"HEAD": "HeadObject", "GET": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
_UPLOAD_METHODS = {"GET": "ListParts", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload"}

_FREE = {"DeleteObject", "DeleteObjects", "DeleteBucket", "AbortMultipartUpload"}
_CLASS_B = {"HeadBucket", "HeadObject", "GetObject", "Preflight"}


@dataclass(frozen=True, slots=True)
class S3Call:
    """One request: its operation, the bucket and key it is about (empty if none), query and headers.

    Names of headers are in lower case.
    """

    operation: str
    bucket: str
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


def parse_call(method: str, target: str, headers: Mapping[str, str]) -> S3Call:
    """Return what a request asks for, from its request line; `target` is the path with its query, as sent."""
    path, _, text = target.partition("?")
    query = dict(parse_qsl(text, keep_blank_values=True))
    bucket, _, key = path.removeprefix("/").partition("/")
    lower = {name.lower(): value for name, value in headers.items()}
    return S3Call(identify_operation(method, path, query, lower), unquote(bucket), unquote(key), query, lower)


def identify_operation(method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """Return the name of the operation; `UNKNOWN` if it is none. Buckets are addressed by path.

    Names of headers are in lower case.
    """
    bucket, _, key = path.removeprefix("/").partition("/")
    if method == "OPTIONS":
        return "Preflight"
    if not bucket:
        return "ListBuckets" if method == "GET" else UNKNOWN
    return _identify_object_call(method, query, headers) if key else _identify_bucket_call(method, query)


def get_billing_class(operation: str) -> BillingClass:
    """Return the class that Cloudflare's price list puts an operation in.

    Requests for a bucket's settings that read are B. What the list does not name counts as A, the dearest.
    """
    if operation in _FREE:
        return "free"
    return "B" if operation in _CLASS_B or operation.startswith("Get") else "A"


def _identify_bucket_call(method: str, query: Mapping[str, str]) -> str:
    if "uploads" in query:
        return "ListMultipartUploads" if method == "GET" else UNKNOWN
    if "delete" in query:
        return "DeleteObjects" if method == "POST" else UNKNOWN
    for part, noun in _BUCKET_PARTS.items():
        if part in query:
            name = f"{_VERBS[method]}{noun}" if method in _VERBS else UNKNOWN
            # The one name of S3 that does not follow the others.
            return "DeleteBucketLifecycle" if name == "DeleteBucketLifecycleConfiguration" else name
    if method != "GET":
        return _BUCKET_METHODS.get(method, UNKNOWN)
    if "versions" in query:
        return "ListObjectVersions"
    return "ListObjectsV2" if query.get("list-type") == "2" else "ListObjects"


def _identify_object_call(method: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    copies = "x-amz-copy-source" in headers
    if "uploadId" in query:
        if method == "PUT" and "partNumber" in query:
            return "UploadPartCopy" if copies else "UploadPart"
        return _UPLOAD_METHODS.get(method, UNKNOWN)
    if "uploads" in query:
        return "CreateMultipartUpload" if method == "POST" else UNKNOWN
    for part, noun in _OBJECT_PARTS.items():
        if part in query:
            return f"{_VERBS[method]}{noun}" if method in _VERBS else UNKNOWN
    if method == "PUT" and copies:
        return "CopyObject"
    return _OBJECT_METHODS.get(method, UNKNOWN)
