"""Profiles: how a mezzanine or a proxy is encoded, one YAML file each.

A profile travels as its canonical JSON (`Profile.format_canonical_json`) and is identified by the hash
of it, so comments, key order and the wording of a description never cause a new encode.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from mcsyncd.errors import ConfigError
from mcsyncd.model.session import ProfileRef
from mcsyncd.settings.codecs import AudioCodec, VideoCodec
from mcsyncd.settings.part import SettingsPart
from mcsyncd.settings.problems import validate_document
from mcsyncd.settings.refusals import find_refusal
from mcsyncd.settings.strict_yaml import read_yaml

_PROFILE_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
"""A profile's name is a file name and part of the manifest: no slash, no leading dot, at most 64 long."""

_CODECS_BY_CONTAINER = {
    "mp4": ({"h264", "hevc", "av1"}, {"flac", "aac"}),
    "mov": ({"h264", "hevc", "prores", "dnxhd"}, {"aac", "pcm"}),
}
"""Video and audio codecs that a profile may put into each container. Judgement: mp4 is for browsers, mov
for editing systems, and a pair that neither is known to play is rejected here rather than at playback."""


class Profile(SettingsPart):
    """One profile. Conform never upscales a frame and never adds a channel."""

    schema_command = "mcsyncd profile schema"

    description: str = Field(default="", max_length=200)
    """One line for people; not part of the profile's identity."""
    kind: Literal["mezzanine", "proxy"]
    """mezzanine: the file that later phases render from; proxy: the file that people scrub."""
    container: Literal["mp4", "mov"]
    """The file format; its index comes first, for playback while downloading."""
    short_side: int | None = Field(default=None, ge=90, le=4320, multiple_of=2)
    """Pixels of the frame's shorter side; without it, the source's own size."""
    channels: Literal["all", "stereo", "mono"]
    """all: every channel as recorded; stereo: mixed down to two (mono stays mono); mono: mixed to one."""
    video: VideoCodec
    """How the picture is encoded; `codec` decides what else may be written."""
    audio: AudioCodec
    """How the sound is encoded; all of it is 48 kHz."""

    @model_validator(mode="after")
    def _check_codecs_fit_container(self) -> Profile:
        video, audio = _CODECS_BY_CONTAINER[self.container]
        if self.video.codec not in video:
            other = "mov" if self.container == "mp4" else "mp4"
            raise ValueError(f"{self.video.codec} does not go into {self.container}: use container: {other}")
        if self.audio.codec not in audio:
            raise ValueError(
                f"{self.audio.codec} does not go into {self.container}: use one of {sorted(audio)}"
            )
        return self

    @model_validator(mode="after")
    def _check_codec_suits_kind(self) -> Profile:
        if self.kind == "mezzanine" and self.video.codec == "av1":
            raise ValueError("av1 is for proxies: editing systems do not open it; use h264, hevc or prores")
        return self

    @classmethod
    def explain_refusal(cls, key: str, value: object) -> tuple[str, str] | None:
        return find_refusal(key, value)

    def format_canonical_json(self) -> str:
        """Return the profile as canonical JSON: sorted keys, no whitespace, defaults written out.

        Only fields that a later release added (`CodecPart`) are left out at their default.
        """
        document = self.model_dump(mode="json", exclude={"description"})
        return json.dumps(document, sort_keys=True, separators=(",", ":"))

    def compute_hash(self) -> str:
        """Return the sha256 (hex) of the canonical form: the profile's identity."""
        return hashlib.sha256(self.format_canonical_json().encode()).hexdigest()

    def build_ref(self, name: str) -> ProfileRef:
        """Return the form in which a job carries the profile."""
        return ProfileRef(name, self.compute_hash(), self.format_canonical_json())


def profile_from_ref(ref: ProfileRef) -> Profile:
    """Return the profile that a job carries.

    Raises ConfigError if another release recorded it in a form that this one cannot read.
    """
    try:
        return Profile.model_validate_json(ref.document)
    except ValidationError as error:
        raise ConfigError(
            f"this release cannot read the profile {ref.name} of this session",
            "resync the session, which takes the current profile",
            tuple(f"{ref.name}: {detail['msg']}" for detail in error.errors(include_url=False)),
        ) from error


def build_profile_schema() -> dict[str, object]:
    """Return the JSON Schema of a profile, for editors."""
    schema = Profile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema | {"title": "mcsyncd profile"}


def list_misnamed_profiles(directory: Path) -> tuple[str, ...]:
    """Return a sentence for each YAML file in a folder whose name keeps it from being a profile."""
    return tuple(
        f"{file}:1: document: no profile can have this name (rename it to lower-case letters, digits, "
        "dots, - and _, and .yaml)"
        for file in sorted(directory.iterdir())
        if file.suffix.lower() in {".yaml", ".yml"}
        and not (file.suffix == ".yaml" and _PROFILE_NAME.fullmatch(file.stem))
    )


def list_profile_names(directory: Path) -> tuple[str, ...]:
    """Return the sorted names of the profiles in a folder."""
    return tuple(sorted(file.stem for file in directory.glob("*.yaml") if _PROFILE_NAME.fullmatch(file.stem)))


def load_profile(directory: Path, name: str) -> Profile:
    """Read and validate the profile `directory`/`name`.yaml.

    Raises ConfigError with every problem as `file:line: dotted.path: message`.
    """
    path = directory / f"{name}.yaml"
    if not _PROFILE_NAME.fullmatch(name) or not path.is_file():
        names = ", ".join(list_profile_names(directory)) or "none"
        raise ConfigError(f"no profile {name!r} in {directory}", f"profiles there: {names}")
    return validate_document(Profile, read_yaml(path))
