"""The rules of a bucket: the pure difference, and the calls against a store with R2's rules."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from mcsyncd.cli.main import main
from mcsyncd.errors import StoreRefused
from mcsyncd.publish import bucket_admin
from mcsyncd.publish.bucket_admin import BucketAdmin
from mcsyncd.publish.bucket_rules import BucketRules, build_lock_command, compare_rules
from mcsyncd.publish.credentials import AccessKey
from r2strict.bucket import ACCESS
from r2strict.faults import RefuseCall

ORIGIN, OTHER = "https://edit.example.org", "http://127.0.0.1:8000"
DEFAULT = {
    "ID": "Default Multipart Abort Rule",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}
FOREIGN = {
    "ID": "old logs",
    "Status": "Enabled",
    "Filter": {"Prefix": "logs/"},
    "Expiration": {"Days": 90},
}
FOREIGN_CORS = {"AllowedMethods": ["PUT"], "AllowedOrigins": ["https://upload.example.org"]}


def names(rules) -> list[str]:
    return [rule["ID"] for rule in rules]


def test_a_new_bucket_gets_our_rule_in_the_place_of_the_short_one():
    found = compare_rules(BucketRules(lifecycle=(DEFAULT,)), [ORIGIN])
    assert found.changes_cors
    assert found.changes_lifecycle
    (rule,) = found.wanted.lifecycle
    assert (rule["ID"], rule["AbortIncompleteMultipartUpload"]) == ("mcs-mpu", {"DaysAfterInitiation": 30})
    (cors,) = found.wanted.cors
    assert (cors["AllowedOrigins"], cors["AllowedMethods"]) == ([ORIGIN], ["GET", "HEAD"])
    assert [change[0] for change in found.changes] == ["+", "-", "+"]


def test_what_is_wanted_differs_no_more_however_it_is_written():
    wanted = compare_rules(BucketRules(lifecycle=(DEFAULT,)), [ORIGIN, OTHER]).wanted
    (cors,), (rule,) = wanted.cors, wanted.lifecycle
    again = BucketRules(
        (cors | {"AllowedOrigins": [OTHER, ORIGIN], "ExposeHeaders": cors["ExposeHeaders"][::-1]},),
        ({name: value for name, value in rule.items() if name != "Filter"} | {"Prefix": ""},),
    )
    assert not compare_rules(again, [ORIGIN, OTHER]).changes
    assert compare_rules(again, [ORIGIN]).changes_cors


def test_rules_of_others_are_kept_as_they_are():
    ours = compare_rules(BucketRules(), [ORIGIN]).wanted
    found = compare_rules(BucketRules((FOREIGN_CORS, *ours.cors), (FOREIGN, DEFAULT)), [])
    assert found.wanted.cors == (FOREIGN_CORS,)
    assert found.wanted.lifecycle[0] is FOREIGN
    assert names(found.wanted.lifecycle) == ["old logs", "mcs-mpu"]
    assert len(found.kept) == 2
    assert not found.warnings


@pytest.mark.parametrize("prefix", ["", "v1", "v1/orig/", "head/"])
def test_a_rule_that_takes_our_objects_away_is_warned_of_and_kept(prefix):
    harmful = FOREIGN | {"Filter": {"Prefix": prefix}}
    found = compare_rules(BucketRules(lifecycle=(harmful,)), [])
    assert "old logs" in found.warnings[0]
    assert harmful in found.wanted.lifecycle
    assert not compare_rules(BucketRules(lifecycle=(harmful | {"Status": "Disabled"},)), []).warnings


def test_the_lock_is_a_command_for_a_person():
    assert build_lock_command("footage", "default").endswith(
        " footage mcs-originals v1/orig/ --retention-days 90"
    )
    assert build_lock_command("footage", "eu").endswith(" --jurisdiction eu")


@pytest.fixture
def admin(bucket) -> BucketAdmin:
    """A bucket with the rule of a new one, and with one of somebody else."""
    made = BucketAdmin(bucket, ACCESS)
    client, name = made._client, made._bucket
    client.delete_bucket_cors(Bucket=name)
    client.put_bucket_lifecycle_configuration(
        Bucket=name, LifecycleConfiguration={"Rules": [DEFAULT, FOREIGN]}
    )
    return made


def test_rules_are_set_and_read_back(admin):
    found = compare_rules(admin.read_rules(), [ORIGIN])
    admin.apply_rules(found)
    after = admin.read_rules()
    assert sorted(names(after.lifecycle)) == ["mcs-mpu", "old logs"]
    assert not compare_rules(after, [ORIGIN]).changes
    admin.apply_rules(compare_rules(after, []))
    assert admin.read_rules().cors == ()


def test_the_headers_that_boto3_adds_would_be_refused(admin, monkeypatch, bucket):
    monkeypatch.setattr(bucket_admin, "replace_checksum_headers", lambda **_: None)
    plain = BucketAdmin(bucket, ACCESS)
    with pytest.raises(ClientError) as refused:
        plain._client.put_bucket_cors(Bucket=plain._bucket, CORSConfiguration={"CORSRules": [FOREIGN_CORS]})
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_a_key_without_the_right_is_told_so(bucket):
    with pytest.raises(StoreRefused, match="the rules of bucket footage"):
        BucketAdmin(bucket, AccessKey(ACCESS.id, "wrong")).read_rules()


@pytest.fixture
def ask(bucket, tmp_path, capsys, r2_config):
    def run(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["--config", str(r2_config), "storage", *arguments, "--credential", str(tmp_path / "key")])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    return run


def test_apply_shows_asks_and_changes(admin, ask, monkeypatch):
    code, said = ask("apply", "--dry-run")
    assert code == 0
    assert "- lifecycle: 'Default Multipart Abort Rule'" in said
    assert "+ lifecycle: 'mcs-mpu'" in said
    assert "'old logs', logs/: Expiration" in said
    assert "wrangler r2 bucket lock add footage" in said
    monkeypatch.setattr("click.confirm", lambda _: False)
    ask("apply")
    assert names(admin.read_rules().lifecycle) == [DEFAULT["ID"], FOREIGN["ID"]]
    code, said = ask("apply", "--yes")
    assert code == 0
    assert sorted(names(admin.read_rules().lifecycle)) == ["mcs-mpu", "old logs"]
    assert admin.read_rules().cors[0]["AllowedOrigins"] == [ORIGIN]
    assert "as they should be" in ask("apply", "--yes")[1]


def test_plan_goes_on_where_the_rules_may_not_be_read(admin, ask, faults):
    assert "rules of the bucket: - lifecycle" in ask("plan")[1]
    faults.inject(RefuseCall(403, "AccessDenied"), operations=["GetBucketCors"], calls=1)
    code, said = ask("plan")
    assert "rules of the bucket: not read" in said
    assert "AccessDenied" in said
    assert code in {0, 1}
