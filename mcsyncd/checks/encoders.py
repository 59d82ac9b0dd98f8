"""Check that this build has the encoders of the profiles. Loads the codecs: not for the daemon."""

from __future__ import annotations

from dataclasses import dataclass

from mcsyncd.conform.encoder_check import find_missing_encoders
from mcsyncd.conform.encoders import choose_video_encoder
from mcsyncd.conform.hardware_check import find_encoder_obstacle
from mcsyncd.conform.hardware_encoders import build_hardware_encoder
from mcsyncd.errors import ConfigError
from mcsyncd.model.session import ProfileRef
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.settings.codecs import HardwareCodecPart
from mcsyncd.settings.profiles import profile_from_ref


def list_lacking_encoders(profile: ProfileRef) -> tuple[str, ...]:
    """Return the names of the encoders that a profile needs and this build lacks."""
    return find_missing_encoders(profile_from_ref(profile))


@dataclass(frozen=True, slots=True)
class HardwareCheck:
    """The hardware encoder that a profile asks for: why it does not work here ("" if it does), and what then.

    `fallback` is the software encoder that is used instead, "" if the profile allows none.
    """

    encoder: str
    obstacle: str
    fallback: str


def check_hardware(profile: ProfileRef) -> HardwareCheck | None:
    """Encode a frame with the hardware encoder of a profile; None if the profile asks for none."""
    video = profile_from_ref(profile).video
    encoder = build_hardware_encoder(video)
    if encoder is None or not isinstance(video, HardwareCodecPart):
        return None
    software = choose_video_encoder(video).name if video.fallback else ""
    return HardwareCheck(encoder.name, find_encoder_obstacle(encoder), software)


def check_encoders(config: ActiveConfig) -> None:
    """Raise ConfigError, with a line for each missing encoder and the profile that needs it."""
    problems = tuple(
        f"{config.settings.profiles.directory / profile.name}.yaml: no encoder {name} in this build"
        for profile in (config.terms.mezzanine, config.terms.proxy)
        for name in list_lacking_encoders(profile)
    )
    if problems:
        raise ConfigError(f"{config.path}: {len(problems)} problem(s)", "install av from its wheel", problems)
