"""`storage doctor`: the probes tell a store that has a feature from one that does not."""

from __future__ import annotations

import json

import pytest

from mcsyncd.cli.main import main
from mcsyncd.errors import StoreOffline, StoreRefused
from mcsyncd.publish.credentials import AccessKey
from mcsyncd.publish.store_probes import PROBE_FOLDER, ProbeResult, StoreProbes
from mcsyncd.settings.stores import R2Storage
from r2strict.bucket import ACCESS
from r2strict.faults import FalsifyTag, RefuseCall

PLAIN = {
    "stores an object": "yes",
    "its clock agrees with this one": "yes",
    "says size and hash without reading (HEAD)": "yes",
    "reads a range": "yes",
    "its tag is the MD5": "yes",
    "refuses a wrong MD5": "yes",
    "If-None-Match protects an object": "yes",
    "takes equal parts, tag of the parts": "yes",
    "deletes what it stored": "yes",
    "Local Uploads": "unknown",
}
EXPECT, UNEQUAL = "answers Expect: 100-continue", "takes unequal parts"
CONDITION, CRC = "condition on CreateMultipartUpload", "CRC64NVME of a whole object in parts"


def probe(storage: R2Storage) -> dict[str, ProbeResult]:
    return {one.feature: one for one in StoreProbes(storage, ACCESS, patience_s=0.5).run()}


def verdicts(found: dict[str, ProbeResult]) -> dict[str, str]:
    return {feature: one.verdict for feature, one in found.items()}


def leftovers(storage: R2Storage) -> list[object]:
    client, bucket = StoreProbes(storage, ACCESS)._client, storage.bucket
    listed = client.list_objects_v2(Bucket=bucket, Prefix=PROBE_FOLDER).get("Contents", [])
    uploads = client.list_multipart_uploads(Bucket=bucket, Prefix=PROBE_FOLDER).get("Uploads", [])
    return [*listed, *uploads]


@pytest.mark.parametrize("strict", ["plain", "secure"], indirect=True)
def test_a_store_like_r2_is_known_by_what_it_refuses(bucket):
    found = verdicts(probe(bucket))
    assert {**PLAIN, EXPECT: "no", UNEQUAL: "refused"}.items() <= found.items()
    assert found[CRC] == "yes"
    assert leftovers(bucket) == []


def test_another_store_is_told_from_it(seaweed):
    """Behind the proxy: it answers 100, and takes parts of any size."""
    found = verdicts(probe(seaweed))
    assert {**PLAIN, EXPECT: "yes", UNEQUAL: "yes"}.items() <= found.items()
    assert leftovers(seaweed) == []


def test_a_condition_that_holds_and_a_false_tag_are_seen(bucket, faults):
    """The third upload that is created is the one with the condition."""
    found = {}
    for one in StoreProbes(bucket, ACCESS, patience_s=0.5).run():
        found[one.feature] = one
        if one.feature == "its clock agrees with this one":
            faults.inject(FalsifyTag(), operations=["HeadObject"], calls=2)
        if one.feature == UNEQUAL:
            faults.inject(
                RefuseCall(412, "PreconditionFailed"), operations=["CreateMultipartUpload"], calls=1
            )
    assert found["its tag is the MD5"].verdict == "no"
    assert (found[CONDITION].verdict, found[CRC].verdict) == ("yes", "yes")


def test_no_probe_runs_where_the_key_may_do_nothing(bucket):
    with pytest.raises(StoreRefused):
        list(StoreProbes(bucket, AccessKey(ACCESS.id, "wrong")).run())
    away = bucket.model_copy(update={"endpoint": "http://127.0.0.1:9"})
    with pytest.raises(StoreOffline):
        list(StoreProbes(away, ACCESS).run())


def test_what_the_store_does_not_know_is_refused_and_the_rest_goes_on(r2_config, tmp_path, capsys, faults):
    refusal = RefuseCall(501, "NotImplemented")
    faults.inject(refusal, operations=["CreateMultipartUpload"], calls=4)
    options = [
        "--config",
        str(r2_config),
        "storage",
        "doctor",
        "--credential",
        str(tmp_path / "key"),
        "--json",
    ]
    with pytest.raises(SystemExit) as ended:
        main(options)
    assert not ended.value.code
    found = {one["feature"]: one for one in json.loads(capsys.readouterr().out)["probes"]}
    assert found.keys() == {*PLAIN, EXPECT, UNEQUAL, CONDITION, CRC}
    for feature in ("takes equal parts, tag of the parts", UNEQUAL, CONDITION, CRC):
        assert found[feature]["verdict"] == "refused"
        assert "NotImplemented" in found[feature]["detail"]
    assert found["deletes what it stored"]["verdict"] == "yes"
