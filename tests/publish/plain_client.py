"""A client as somebody would make it who knows nothing of R2.

It has boto3's defaults, but no retries and no `Expect: 100-continue`, which would cost each call a second.
"""

from __future__ import annotations

import boto3
from botocore.config import Config

from mcsyncd.publish.multipart import S3Client
from mcsyncd.settings.stores import R2Storage
from r2strict.bucket import ACCESS


def connect_plainly(storage: R2Storage, *, secret: str = ACCESS.secret, read_timeout: float = 60) -> S3Client:
    client = boto3.client(
        "s3",
        endpoint_url=storage.endpoint,
        region_name="auto",
        aws_access_key_id=ACCESS.id,
        aws_secret_access_key=secret,
        verify=True if storage.ca_file is None else str(storage.ca_file),
        config=Config(retries={"total_max_attempts": 1}, read_timeout=read_timeout),
    )

    def remove_expect(request, **_: object) -> None:
        del request.headers["Expect"]

    client.meta.events.register("before-sign.s3", remove_expect)
    return client
