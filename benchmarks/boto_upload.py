"""Upload a file as boto3 does: `benchmarks.boto_upload PART AT_ONCE FILE ENDPOINT CA_FILE BUCKET KEY`.

PART are the bytes of a part; AT_ONCE parts are sent at the same time.
"""

from __future__ import annotations

import sys

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from r2strict.bucket import ACCESS


def main(part: str, at_once: str, *names: str) -> None:
    """Upload with `upload_file`, all else by its defaults."""
    file, endpoint, ca_file, bucket, key = names
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        verify=ca_file,
        region_name="auto",
        aws_access_key_id=ACCESS.id,
        aws_secret_access_key=ACCESS.secret,
        config=Config(s3={"addressing_style": "path"}),
    )
    transfer = TransferConfig(int(part), int(at_once), int(part))
    client.upload_file(file, bucket, key, Config=transfer)


if __name__ == "__main__":
    main(*sys.argv[1:])
