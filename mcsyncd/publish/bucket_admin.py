"""Read and change the rules of a bucket. Needs a key with admin rights, which the daemon never has."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from mcsyncd.publish.bucket_rules import BucketRules, Rule, RulesDifference
from mcsyncd.publish.credentials import AccessKey
from mcsyncd.publish.multipart import format_content_md5
from mcsyncd.publish.r2 import connect_client
from mcsyncd.publish.s3_errors import get_error_code, translate_s3_error
from mcsyncd.settings.stores import R2Storage

if TYPE_CHECKING:
    from botocore.awsrequest import AWSRequest

_CHECKSUM_HEADERS = ("x-amz-checksum-", "x-amz-sdk-checksum-")
"""Headers that boto3 adds to these calls whatever its configuration says, and that R2 answers with 501."""
_NO_RULES_CODES = {"NoSuchCORSConfiguration", "NoSuchLifecycleConfiguration"}


class BucketAdmin:
    """Reads and replaces the rules of the bucket in the settings. All methods raise StorageError."""

    def __init__(self, storage: R2Storage, access: AccessKey) -> None:
        self._bucket = storage.bucket
        self._client = connect_client(storage, access)
        for operation in ("PutBucketCors", "PutBucketLifecycleConfiguration"):
            self._client.meta.events.register_first(f"before-sign.s3.{operation}", replace_checksum_headers)

    def read_rules(self) -> BucketRules:
        """Return the rules of the bucket. Raises StoreRefused if the key may not read them."""
        with translate_s3_error(f"the rules of bucket {self._bucket}"):
            return BucketRules(
                self._read("get_bucket_cors", "CORSRules"),
                self._read("get_bucket_lifecycle_configuration", "Rules"),
            )

    def apply_rules(self, difference: RulesDifference) -> None:
        """Put the wanted rules in force, each kind only if it differs."""
        wanted = difference.wanted
        with translate_s3_error(f"the rules of bucket {self._bucket}"):
            if difference.changes_cors and wanted.cors:
                rules = {"CORSRules": [dict(rule) for rule in wanted.cors]}
                self._client.put_bucket_cors(Bucket=self._bucket, CORSConfiguration=rules)
            elif difference.changes_cors:
                self._client.delete_bucket_cors(Bucket=self._bucket)
            if difference.changes_lifecycle:
                rules = {"Rules": [dict(rule) for rule in wanted.lifecycle]}
                self._client.put_bucket_lifecycle_configuration(
                    Bucket=self._bucket, LifecycleConfiguration=rules
                )

    def _read(self, method: str, field: str) -> tuple[Rule, ...]:
        try:
            answer: dict[str, Any] = getattr(self._client, method)(Bucket=self._bucket)
        except ClientError as refusal:
            if get_error_code(refusal) in _NO_RULES_CODES:
                return ()
            raise
        return tuple(answer.get(field, ()))


def replace_checksum_headers(request: AWSRequest, **_: object) -> None:
    """Put Content-MD5, which R2 understands, in the place of boto3's checksum headers, before it signs."""
    for name in [one for one in request.headers if one.lower().startswith(_CHECKSUM_HEADERS)]:
        del request.headers[name]
    body = request.data if isinstance(request.data, bytes) else str(request.data or "").encode()
    md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
    del request.headers["Content-MD5"]
    request.headers["Content-MD5"] = format_content_md5(md5)
