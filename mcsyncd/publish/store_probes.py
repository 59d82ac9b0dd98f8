"""Ask a bucket what it really does: a few small calls below `v1/probe/`, all of which are removed again.

The answers are for people. Nothing in mcsyncd depends on one: the plain method of upload stays in use.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from mcsyncd.integrity.part_sums import CRC64NVME
from mcsyncd.publish.credentials import AccessKey
from mcsyncd.publish.interim_answer import INTERIM_PATIENCE_S, has_interim_answer
from mcsyncd.publish.multipart import S3Client, format_content_md5
from mcsyncd.publish.r2 import compute_md5, connect_client
from mcsyncd.publish.s3_errors import describe_answer, get_http_status, is_passing_answer, translate_s3_error
from mcsyncd.settings.stores import R2Storage

Verdict = Literal["yes", "no", "refused", "unknown"]

PROBE_FOLDER = "v1/probe/"
_PART_BYTES = 5 << 20
"""The least size of a part that is not the last one (S3, multipart limits)."""
_MAX_SKEW_S = 60.0
"""Seconds that the clocks may differ. Judgement: S3 refuses signatures from 15 minutes on, and a clock
that is a minute wrong is not being set."""
_REFUSED_STATUSES = {400, 401, 403, 405, 411, 501}
"""Answers by which a store says that it does not do a thing, or not for this key."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """Whether the store has a feature, and what was seen."""

    feature: str
    verdict: Verdict
    detail: str = ""


class StoreProbes:
    """The probes of one bucket. Each run uses keys of its own, so two runs do not disturb each other."""

    def __init__(
        self, storage: R2Storage, access: AccessKey, *, patience_s: float = INTERIM_PATIENCE_S
    ) -> None:
        self._patience_s = patience_s
        self._bucket = storage.bucket
        self._ca_file = storage.ca_file
        self._client: S3Client = connect_client(storage, access)
        self._folder = f"{PROBE_FOLDER}{secrets.token_hex(8)}"
        self._condition: dict[str, str] = {}
        self._client.meta.events.register("before-sign.s3.CreateMultipartUpload", self._add_condition)

    def run(self) -> Iterator[ProbeResult]:
        """Yield the result of each probe; at the end, remove what they stored.

        Raises StoreOffline if the store cannot be reached, StoreRefused if it lets the key do nothing.
        """
        with translate_s3_error(f"bucket {self._bucket}"):
            answer = self._client.put_object(Bucket=self._bucket, Key=self._name("whole"), Body=b"0123456789")
        try:
            yield from self._run_all(answer)
        finally:
            self._remove_all()
        with translate_s3_error(f"bucket {self._bucket}"):
            left = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._folder).get("Contents", ())
        yield ProbeResult("deletes what it stored", "no" if left else "yes")
        yield ProbeResult(
            "Local Uploads", "unknown", "not visible through S3: see the bucket in the dashboard"
        )

    def _run_all(self, answer: dict[str, Any]) -> Iterator[ProbeResult]:
        yield ProbeResult("stores an object", "yes")
        yield self._judge_clock(answer)
        probes: tuple[tuple[str, Callable[[], tuple[Verdict, str]]], ...] = (
            ("says size and hash without reading (HEAD)", self._probe_head),
            ("reads a range", self._probe_range),
            ("its tag is the MD5", self._probe_tag),
            ("refuses a wrong MD5", self._probe_md5),
            ("If-None-Match protects an object", self._probe_condition),
            ("answers Expect: 100-continue", self._probe_interim_answer),
            ("takes equal parts, tag of the parts", self._probe_equal_parts),
            ("takes unequal parts", self._probe_unequal_parts),
            ("condition on CreateMultipartUpload", self._probe_create_condition),
            ("CRC64NVME of a whole object in parts", self._probe_crc64nvme),
        )
        for feature, probe in probes:
            try:
                yield ProbeResult(feature, *probe())
            except (ClientError, BotoCoreError, OSError) as error:
                yield _judge_error(feature, error)

    def _name(self, name: str) -> str:
        return f"{self._folder}/{name}"

    def _judge_clock(self, answer: dict[str, Any]) -> ProbeResult:
        """Compare the clocks, by the date of an answer, which has whole seconds."""
        feature = "its clock agrees with this one"
        stated = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        if stated is None:
            return ProbeResult(feature, "unknown", "the answer has no date")
        skew_s = (datetime.now(UTC) - parsedate_to_datetime(stated)).total_seconds()
        return ProbeResult(feature, "yes" if abs(skew_s) <= _MAX_SKEW_S else "no", f"{skew_s:+.0f} s")

    def _probe_head(self) -> tuple[Verdict, str]:
        key = self._name("named")
        self._client.put_object(Bucket=self._bucket, Key=key, Body=b"12345", Metadata={"mcs-sha256": "abc"})
        found = self._client.head_object(Bucket=self._bucket, Key=key)
        return _answer((found["ContentLength"], found["Metadata"]) == (5, {"mcs-sha256": "abc"}))

    def _probe_range(self) -> tuple[Verdict, str]:
        found = self._client.get_object(Bucket=self._bucket, Key=self._name("whole"), Range="bytes=2-4")
        with found["Body"] as body:
            return _answer(body.read() == b"234", f"HTTP {found['ResponseMetadata']['HTTPStatusCode']}")

    def _probe_tag(self) -> tuple[Verdict, str]:
        found = self._client.head_object(Bucket=self._bucket, Key=self._name("whole"))
        return _answer(found["ETag"].strip('"') == compute_md5(b"0123456789"))

    def _probe_md5(self) -> tuple[Verdict, str]:
        wrong = format_content_md5(compute_md5(b"another body"))
        return self._expect_status(
            400,
            lambda: self._client.put_object(
                Bucket=self._bucket, Key=self._name("wrong"), Body=b"a body", ContentMD5=wrong
            ),
        )

    def _probe_condition(self) -> tuple[Verdict, str]:
        return self._expect_status(
            412,
            lambda: self._client.put_object(
                Bucket=self._bucket, Key=self._name("named"), Body=b"other", IfNoneMatch="*"
            ),
        )

    def _probe_interim_answer(self) -> tuple[Verdict, str]:
        url = self._client.generate_presigned_url(
            "put_object", Params={"Bucket": self._bucket, "Key": self._name("expected")}, ExpiresIn=60
        )
        return _answer(has_interim_answer(url, self._patience_s, self._ca_file), "mcsyncd never asks for it")

    def _probe_equal_parts(self) -> tuple[Verdict, str]:
        bodies = (bytes(_PART_BYTES), b"1")
        tag = self._send_parts("equal", bodies)
        joined = b"".join(bytes.fromhex(compute_md5(body)) for body in bodies)
        return _answer(tag == f"{compute_md5(joined)}-2", f"tag {tag}")

    def _probe_unequal_parts(self) -> tuple[Verdict, str]:
        self._send_parts("unequal", (bytes(_PART_BYTES), bytes(_PART_BYTES + 1), b"1"))
        return "yes", ""

    def _send_parts(self, name: str, bodies: tuple[bytes, ...]) -> str:
        """Upload an object in these parts, and return its tag."""
        target = self._create_upload(name)
        try:
            parts = [
                {
                    "PartNumber": number,
                    "ETag": self._client.upload_part(**target, PartNumber=number, Body=body)["ETag"],
                }
                for number, body in enumerate(bodies, 1)
            ]
            done = self._client.complete_multipart_upload(**target, MultipartUpload={"Parts": parts})
        except (ClientError, BotoCoreError):
            self._abort_upload(target)
            raise
        return str(done["ETag"]).strip('"')

    def _probe_create_condition(self) -> tuple[Verdict, str]:
        self._condition = {"If-None-Match": "*"}
        try:
            return self._expect_status(412, lambda: self._abort_upload(self._create_upload("whole")))
        finally:
            self._condition = {}

    def _probe_crc64nvme(self) -> tuple[Verdict, str]:
        body = b"a part that is the last one, too"
        right = CRC64NVME.calc(body)
        target = self._create_upload("summed", ChecksumAlgorithm="CRC64NVME", ChecksumType="FULL_OBJECT")
        tag = self._client.upload_part(**target, PartNumber=1, Body=body)["ETag"]
        complete = {
            "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": tag}]},
            "ChecksumType": "FULL_OBJECT",
        }
        try:
            verdict, detail = self._expect_status(
                400,
                lambda: self._client.complete_multipart_upload(
                    **target, **complete, ChecksumCRC64NVME=_format_crc(right ^ 1)
                ),
            )
            if verdict != "yes":
                return verdict, f"a wrong sum was accepted {detail}".strip()
            self._client.complete_multipart_upload(**target, **complete, ChecksumCRC64NVME=_format_crc(right))
        except (ClientError, BotoCoreError):
            self._abort_upload(target)
            raise
        found = self._client.head_object(
            Bucket=self._bucket, Key=self._name("summed"), ChecksumMode="ENABLED"
        )
        kept = found.get("ChecksumCRC64NVME")
        return _answer(kept == _format_crc(right), "HEAD names it" if kept else "HEAD does not name it")

    def _create_upload(self, name: str, **options: str) -> dict[str, str]:
        place = {"Bucket": self._bucket, "Key": self._name(name)}
        created = self._client.create_multipart_upload(**place, **options)
        return {**place, "UploadId": created["UploadId"]}

    def _abort_upload(self, target: dict[str, str]) -> None:
        with suppress(ClientError, BotoCoreError):
            self._client.abort_multipart_upload(**target)

    def _add_condition(self, request: Any, **_: object) -> None:
        """Add the header that boto3 has no argument for."""
        for name, value in self._condition.items():
            request.headers[name] = value

    def _expect_status(self, status: int, call: Callable[[], object]) -> tuple[Verdict, str]:
        """Return whether a call is answered with this error; success means that the store did not mind."""
        try:
            call()
        except ClientError as error:
            if get_http_status(error) == status:
                return "yes", describe_answer(error)
            raise
        return "no", ""

    def _remove_all(self) -> None:
        """Remove what the probes stored. What cannot be removed is seen when the folder is listed."""
        names = ("whole", "named", "wrong", "expected", "equal", "unequal", "summed")
        for name in names:
            with suppress(ClientError, BotoCoreError):
                self._client.delete_object(Bucket=self._bucket, Key=self._name(name))


def _answer(holds: bool, detail: str = "") -> tuple[Verdict, str]:
    return ("yes" if holds else "no"), detail


def _judge_error(feature: str, error: ClientError | BotoCoreError | OSError) -> ProbeResult:
    if isinstance(error, OSError):
        return ProbeResult(feature, "unknown", f"no connection: {error}")
    if isinstance(error, ClientError) and get_http_status(error) in _REFUSED_STATUSES:
        return ProbeResult(feature, "refused", describe_answer(error))
    said = describe_answer(error) if isinstance(error, ClientError) else str(error)
    return ProbeResult(feature, "unknown", f"{said}; ask again later" if is_passing_answer(error) else said)


def _format_crc(value: int) -> str:
    """Return a CRC-64 as S3 writes it: its bytes, the highest first, in base64."""
    return format_content_md5(f"{value:016x}")
