"""How a manifest describes media: originals as probed, renditions as conformed. Pure."""

from __future__ import annotations

from mcsyncd.model.clip import AudioStream, Media, VideoStream
from mcsyncd.model.colour import Colour
from mcsyncd.model.drift_curve import build_curve_document
from mcsyncd.model.rate import Rate
from mcsyncd.model.recorder_notes import RecorderNotes
from mcsyncd.model.rendition import AudioTrack, ConformReport, Rendition, RenditionProof

Document = dict[str, object]
"""A JSON object: part of a manifest."""


def build_rendition_document(file: Rendition) -> Document:
    """Return what conform baked into a file. Its position on the timeline can still change."""
    return {
        "profile": file.profile,
        "profile_hash": file.profile_hash,
        "rate": build_rate_pair(file.rate),
        "frames": file.frames,
        "duration_us": round(file.frames * file.rate.tick_us) or None,
        "width": file.width,
        "height": file.height,
        "pix_fmt": file.picture.pixel_format if file.picture else None,
        "bit_depth": file.picture.bit_depth if file.picture else None,
        "colour": _build_colour_document(file.picture.colour) if file.picture else None,
        "phase_us": file.phase_us,
        "drift_applied_ppm": file.drift_applied_ppm,
        "drift_curve_applied": build_curve_document(file.curve_applied),
        "duplicated": file.duplicated,
        "dropped": file.dropped,
        "notes": list(file.notes),
        "timecode": file.timecode,
        "audio_tracks": [_build_track_document(track) for track in file.tracks],
        "proof": _build_proof_document(file.proof),
    }


def _build_track_document(track: AudioTrack) -> Document:
    return {
        "layout": track.layout,
        "channels": track.channels,
        "source_channels": [list(channel) for channel in track.source_channels],
        "sample_rate": track.sample_rate,
        "bit_depth": track.bit_depth,
        "pcm_sha256": track.pcm_sha256 or None,
    }


def build_report_document(report: ConformReport) -> Document:
    """Return what conform found in a clip."""
    interval = report.frame_interval_us
    return {
        "damaged_ranges": [list(ticks) for ticks in report.damaged_ranges],
        "damaged_ticks": report.damaged_ticks,
        "frame_interval_us": list(interval) if interval is not None else None,
        "missing_audio_us": report.missing_audio_us,
        "damaged_audio_packets": report.damaged_audio_packets,
        "warnings": list(report.warnings),
    }


def _build_proof_document(proof: RenditionProof) -> Document:
    return {
        "tick_map_sha256": proof.tick_map_sha256 or None,
        "group_interval": proof.group_interval,
        "groups_sha256": proof.frames_sha256 or None,
        "samples": proof.samples,
        "sidecar_sha256": proof.sidecar.sha256,
    }


def build_media_document(media: Media) -> Document:
    """Return what probe found in an original. Times are presentation times in the file, in microseconds."""
    return {
        "container": media.container,
        "duration_us": media.duration_us,
        "origin_us": media.origin_us,
        "timecode": media.timecode,
        "recorded_at": media.recorded_at,
        "time_reference_us": media.time_reference_us,
        "hidden_picture": media.hidden_picture or None,
        "recorder": _build_recorder_document(media.notes) if media.notes is not None else None,
        "video": _build_video_document(media.video) if media.video is not None else None,
        "audio": [_build_audio_document(track) for track in media.audio],
        "warnings": list(media.warnings),
    }


def _build_recorder_document(notes: RecorderNotes) -> Document:
    tracks = [{"channel": track.channel, "name": track.name} for track in notes.tracks]
    texts = {"project": notes.project, "scene": notes.scene, "take": notes.take, "tape": notes.tape}
    return {**texts, "note": notes.note, "family": notes.family, "tracks": tracks}


def _build_video_document(video: VideoStream) -> Document:
    return {
        "codec": video.codec,
        "width": video.width,
        "height": video.height,
        "rate": build_rate_pair(video.rate),
        "variable_rate": video.variable_rate,
        "frames": video.frames,
        "start_us": video.start_us,
        "duration_us": video.duration_us,
        "pix_fmt": video.pix_fmt,
        "rotation": video.rotation,
        "mirrored": video.mirrored,
        "interlaced": video.interlaced,
        "pixel_aspect": list(video.pixel_aspect),
        "colour": _build_colour_document(video.colour),
    }


def _build_colour_document(colour: Colour) -> Document:
    return {
        "primaries": colour.primaries,
        "transfer": colour.transfer,
        "matrix": colour.matrix,
        "full_range": colour.full_range,
    }


def _build_audio_document(track: AudioStream) -> Document:
    return {
        "codec": track.codec,
        "sample_rate": track.sample_rate,
        "channels": track.channels,
        "layout": track.layout,
        "start_us": track.start_us,
        "duration_us": track.duration_us,
    }


def build_rate_pair(rate: Rate) -> list[int]:
    """Return a frame rate as `[num, den]`."""
    return [rate.num, rate.den]
