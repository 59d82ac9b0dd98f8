"""Does this build of the codecs have what the profiles ask for? Loads the codecs: not for the daemon."""

from __future__ import annotations

from mcsyncd.conform.encoder_check import find_missing_encoders
from mcsyncd.daemon.live import Live
from mcsyncd.errors import ConfigError
from mcsyncd.model.session import ProfileRef
from mcsyncd.settings.profiles import profile_from_ref


def missing(profile: ProfileRef) -> tuple[str, ...]:
    """Return the encoders that a profile needs and the build lacks."""
    return find_missing_encoders(profile_from_ref(profile))


def check_build(live: Live) -> None:
    """Raise ConfigError naming every profile whose encoders are not there."""
    problems = tuple(
        f"{live.settings.profiles.directory / profile.name}.yaml: no encoder {name} in this build"
        for profile in (live.terms.mezzanine, live.terms.proxy)
        for name in missing(profile)
    )
    if problems:
        raise ConfigError(f"{live.path}: {len(problems)} problem(s)", "install av from its wheel", problems)
