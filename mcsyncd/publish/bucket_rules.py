"""The rules that a bucket should have, against those that it has. Pure.

Rules are what the S3 API calls them, as dictionaries: those that are not ours are put back as they were read,
because a call replaces the whole set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Rule = Mapping[str, Any]

_OUR_FOLDERS = ("v1/", "head/")
"""Where everything is that mcsyncd stores (`publish.keys`)."""
OUR_PREFIX = "mcs-"
"""Start of the ids of lifecycle rules that mcsyncd may change; all others belong to somebody else."""
DEFAULT_ABORT_RULE = "Default Multipart Abort Rule"
"""Id of the rule that Cloudflare gives each new bucket (R2, object lifecycles): it aborts incomplete uploads
after 7 days. Of two such rules the shorter wins, so ours takes its place."""
KEPT_INCOMPLETE_DAYS = 30
"""Days after which an incomplete upload is aborted. 180 GB at 5 Mbit/s in eight hours a night take ten
nights; R2's own 7 days destroy such an upload each time."""
LOCK_DAYS = 90
"""Days for which a bucket lock is recommended. Judgement: a mistake is noticed within a season; what was
stored by mistake is billed that long."""
_PLAYBACK_RULE: dict[str, Any] = {
    "AllowedMethods": ["GET", "HEAD"],
    "AllowedHeaders": ["range"],
    "ExposeHeaders": ["ETag", "Content-Range", "Accept-Ranges", "Content-Length"],
    "MaxAgeSeconds": 3600,
}
"""What a page of another origin needs to play and scrub. Cached for an hour by browsers: judgement, a change
of the origins is not urgent."""


@dataclass(frozen=True, slots=True)
class BucketRules:
    """The rules of a bucket: which origins may read (CORS), and what becomes of objects (lifecycle)."""

    cors: tuple[Rule, ...] = ()
    lifecycle: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class RulesDifference:
    """What would be changed, what of others is kept, and what to know; `wanted` is the set afterwards."""

    wanted: BucketRules
    changes: tuple[str, ...]
    kept: tuple[str, ...]
    warnings: tuple[str, ...]
    changes_cors: bool
    changes_lifecycle: bool


def compare_rules(actual: BucketRules, origins: Iterable[str]) -> RulesDifference:
    """Return how the rules differ from those that are wanted for pages of these origins."""
    own_cors, foreign_cors = _part_rules(actual.cors, _is_our_cors)
    own_lifecycle, foreign_lifecycle = _part_rules(actual.lifecycle, _is_our_lifecycle)
    wanted_cors, wanted_lifecycle = _build_cors(tuple(origins)), (_build_abort_rule(),)
    changes_cors = _sort_rules(own_cors) != _sort_rules(wanted_cors)
    changes_lifecycle = _sort_rules(own_lifecycle) != _sort_rules(wanted_lifecycle)
    changes: list[str] = []
    if changes_cors:
        changes += _list_changes("CORS", own_cors, wanted_cors, _describe_cors)
    if changes_lifecycle:
        changes += _list_changes("lifecycle", own_lifecycle, wanted_lifecycle, _describe_lifecycle)
    return RulesDifference(
        BucketRules((*foreign_cors, *wanted_cors), (*foreign_lifecycle, *wanted_lifecycle)),
        tuple(changes),
        (
            *(f"CORS: {_describe_cors(rule)}" for rule in foreign_cors),
            *(f"lifecycle: {_describe_lifecycle(rule)}" for rule in foreign_lifecycle),
        ),
        tuple(_warn(rule) for rule in foreign_lifecycle if _is_harmful(rule)),
        changes_cors,
        changes_lifecycle,
    )


def build_lock_command(bucket: str, jurisdiction: str) -> str:
    """Return the command that locks originals: the S3 API has none, so a person runs it, or does not."""
    where = "" if jurisdiction == "default" else f" --jurisdiction {jurisdiction}"
    return (
        f"npx wrangler r2 bucket lock add {bucket} mcs-originals v1/orig/ --retention-days {LOCK_DAYS}{where}"
    )


def _build_cors(origins: tuple[str, ...]) -> tuple[Rule, ...]:
    return ({"AllowedOrigins": list(origins), **_PLAYBACK_RULE},) if origins else ()


def _build_abort_rule() -> Rule:
    return {
        "ID": f"{OUR_PREFIX}mpu",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": KEPT_INCOMPLETE_DAYS},
    }


def _is_our_cors(rule: Rule) -> bool:
    """CORS rules of R2 have no names to go by: ours is known by all that it says but the origins."""
    return all(
        _sort_values(rule.get(name)) == _sort_values(value)
        for name, value in _PLAYBACK_RULE.items()
        if name != "MaxAgeSeconds"
    )


def _is_our_lifecycle(rule: Rule) -> bool:
    name = str(rule.get("ID", ""))
    return name.startswith(OUR_PREFIX) or (
        name == DEFAULT_ABORT_RULE and _count_abort_days(rule) is not None and "Expiration" not in rule
    )


def _part_rules(
    rules: tuple[Rule, ...], is_ours: Callable[[Rule], bool]
) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    return tuple(one for one in rules if is_ours(one)), tuple(one for one in rules if not is_ours(one))


def _sort_values(value: Any) -> Any:
    """Return lists as sorted, in lower case: stores return them in another order and spelling."""
    return sorted(str(one).lower() for one in value) if isinstance(value, list) else value


def _sort_rules(rules: Iterable[Rule]) -> list[str]:
    """Return rules in a form that can be compared: as a set, whatever way the prefix is written in."""
    plain = (
        {name: _sort_values(value) for name, value in rule.items() if name not in {"Filter", "Prefix"}}
        | {"Prefix": _get_prefix(rule)}
        for rule in rules
    )
    return sorted(str(sorted(rule.items())) for rule in plain)


def _list_changes(
    what: str, own: Iterable[Rule], wanted: Iterable[Rule], describe: Callable[[Rule], str]
) -> list[str]:
    removed = [f"- {what}: {describe(rule)}" for rule in own]
    return [*removed, *(f"+ {what}: {describe(rule)}" for rule in wanted)]


def _describe_cors(rule: Rule) -> str:
    origins = ", ".join(rule.get("AllowedOrigins", ()))
    return f"{', '.join(rule.get('AllowedMethods', ()))} from {origins}"


def _describe_lifecycle(rule: Rule) -> str:
    prefix = _get_prefix(rule) or "all objects"
    actions = [
        f"{action} {details}"
        for action, details in sorted(rule.items())
        if action not in {"ID", "Status", "Filter", "Prefix", "AbortIncompleteMultipartUpload"}
    ]
    days = _count_abort_days(rule)
    if days is not None:
        actions.append(f"abort incomplete uploads after {days} days")
    state = "" if rule.get("Status") == "Enabled" else ", disabled"
    return f"{rule.get('ID', 'without a name')!r}, {prefix}: {'; '.join(actions)}{state}"


def _get_prefix(rule: Rule) -> str:
    found = rule.get("Filter") or {}
    return str(found.get("Prefix") or rule.get("Prefix") or "")


def _count_abort_days(rule: Rule) -> int | None:
    found = rule.get("AbortIncompleteMultipartUpload") or {}
    days = found.get("DaysAfterInitiation")
    return None if days is None else int(days)


def _is_harmful(rule: Rule) -> bool:
    """Tell whether somebody else's rule takes away what mcsyncd stored, or is still sending."""
    prefix = _get_prefix(rule)
    if rule.get("Status") != "Enabled" or not any(
        prefix.startswith(own) or own.startswith(prefix) for own in _OUR_FOLDERS
    ):
        return False
    days = _count_abort_days(rule)
    return "Expiration" in rule or (days is not None and days < KEPT_INCOMPLETE_DAYS)


def _warn(rule: Rule) -> str:
    return f"the rule {_describe_lifecycle(rule)} takes away what mcsyncd stores; it is not ours to change"
