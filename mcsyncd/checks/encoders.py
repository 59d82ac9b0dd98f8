"""Check that this build has the encoders of the profiles. Loads the codecs: not for the daemon."""

from __future__ import annotations

from mcsyncd.conform.encoder_check import find_missing_encoders
from mcsyncd.errors import ConfigError
from mcsyncd.model.session import ProfileRef
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.settings.profiles import profile_from_ref


def list_lacking_encoders(profile: ProfileRef) -> tuple[str, ...]:
    """Return the names of the encoders that a profile needs and this build lacks."""
    return find_missing_encoders(profile_from_ref(profile))


def check_encoders(config: ActiveConfig) -> None:
    """Raise ConfigError, with a line for each missing encoder and the profile that needs it."""
    problems = tuple(
        f"{config.settings.profiles.directory / profile.name}.yaml: no encoder {name} in this build"
        for profile in (config.terms.mezzanine, config.terms.proxy)
        for name in list_lacking_encoders(profile)
    )
    if problems:
        raise ConfigError(f"{config.path}: {len(problems)} problem(s)", "install av from its wheel", problems)
