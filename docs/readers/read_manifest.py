"""Read a published session: python3 read_manifest.py BASE SESSION MICROSECONDS [verify].

BASE is the folder of a store, an http(s) address that serves one, or a file that `mcsyncd share` printed.
Prints as JSON what to show and to play at that time of the session, how sure its place is, and with `verify`
the keys of files that are not what they should be.
"""

import hashlib
import json
import sys
from fractions import Fraction
from math import ceil
from urllib.request import urlopen


class PublishedSession:
    """A session's manifest, verified, and the addresses of its files. Ticks are frames of the session."""

    def __init__(self, base, session):
        self.base, self.urls = base.rstrip("/"), {}
        if base.endswith(".json"):  # an address for each key; the pointer was read by `mcsyncd share`
            shared = read_json(base)
            named = shared["manifest"]
            pointer = shared | {"manifest_key": named["key"], "manifest_sha256": named["sha256"]}
            self.urls = {one["key"]: one["url"] for one in [named, *shared["objects"]]}
        else:
            pointer = read_json(self.locate(f"head/{session}.json"))
        self.state = pointer.get("state", "current")
        if self.state == "withdrawn":
            raise ValueError(f"withdrawn: {pointer['reason']}")
        with open_address(self.locate(pointer["manifest_key"])) as file:
            body = file.read()
        if hashlib.sha256(body).hexdigest() != pointer["manifest_sha256"]:
            raise ValueError("the manifest is not the one that the pointer names")
        self.manifest = json.loads(body)
        if self.manifest["schema"].split(".")[0] != "1":
            raise ValueError(f"a manifest of version {self.manifest['schema']}: get a newer reader")
        self.rate = Fraction(*self.manifest["rate"])

    def locate(self, key):
        if self.urls and key not in self.urls:
            raise ValueError(f"{key} is not shared: `mcsyncd share --kind` chooses what is")
        return self.urls.get(key) or f"{self.base}/{key}"

    def find_tick(self, microseconds):
        return microseconds * self.rate // 1_000_000

    def list_playing(self, camera, tick, kind):
        """Return the renditions of what a camera records at a tick, and how many ticks into each that is."""
        playing = []
        for made in (clip[kind] for clip in camera["clips"]):
            if made is not None and made["start_tick"] is not None:
                inside = tick - made["start_tick"]
                # What has no picture is measured by its samples.
                length = made["frames"] or ceil(made["proof"]["samples"] * self.rate / 48000)
                if 0 <= inside < length:
                    playing.append((made, inside))
        return playing

    def show(self, tick, kind="proxy"):
        """Say for each camera which frame of which file to show, and where to seek: to the frame's middle."""
        shown = {}
        for camera in self.manifest["cameras"]:
            for made, frame in self.list_playing(camera, tick, kind):
                if made["frames"] and camera["id"] not in shown:
                    seek_s = float((frame + Fraction(1, 2)) / self.rate)
                    shown[camera["id"]] = {"file": self.locate(made["key"]), "frame": frame, "seek_s": seek_s}
        return shown

    def play(self, tick, kind="proxy"):
        """Say which files to play together, and from where: a recorder's, else the reference's, else any."""
        reference = self.manifest["reference"]
        cameras = sorted(
            self.manifest["cameras"], key=lambda one: (one.get("kind") != "sound", one["id"] != reference)
        )
        for camera in cameras:
            if heard := [one for one in self.list_playing(camera, tick, kind) if one[0]["audio_tracks"]]:
                return [
                    {"file": self.locate(made["key"]), "from_s": float(at / self.rate)} for made, at in heard
                ]
        return []

    def judge(self):
        """Say who approved, how sure the machine was of each camera, and how its clips were placed."""
        fields = ("approved_by", "approved_at", "sync_confidence", "sync_method")
        cameras = {
            camera["id"]: {
                "confidence": camera["confidence"],
                "placed": sorted({clip.get("disposition") or "unknown" for clip in camera["clips"]}),
                "reasons": [reason["text"] for reason in camera["reasons"]],
            }
            for camera in self.manifest["cameras"]
        }
        return {"state": self.state, **{name: self.manifest[name] for name in fields}, "cameras": cameras}

    def verify(self):
        """Return the keys of files that are missing or not what they should be; of a share, of its files."""
        named = {one["key"]: one for one in list_files(self.manifest)}
        return sorted(key for key in named if key in (self.urls or named) and self.is_wrong(named[key]))

    def is_wrong(self, named):
        digest, size = hashlib.sha256(), 0
        try:
            with open_address(self.locate(named["key"])) as file:
                while block := file.read(1 << 20):
                    digest.update(block)
                    size += len(block)
        except OSError as error:  # any other than "not there" says nothing about the file
            if isinstance(error, FileNotFoundError) or getattr(error, "code", 0) == 404:
                return True
            raise
        return (size, digest.hexdigest()) != (named["bytes"], named["sha256"])


def list_files(node):
    """Return every part of the manifest that describes a file in the store."""
    if not isinstance(node, (dict, list)):
        return []
    own = [node] if isinstance(node, dict) and {"key", "bytes", "sha256"} <= node.keys() else []
    children = node.values() if isinstance(node, dict) else node
    return own + [found for one in children for found in list_files(one)]


def open_address(address):
    return urlopen(address, timeout=60) if address.startswith("http") else open(address, "rb")


def read_json(address):
    with open_address(address) as file:
        return json.load(file)


if __name__ == "__main__":
    read = PublishedSession(sys.argv[1], sys.argv[2])
    at = read.find_tick(int(sys.argv[3]))
    answer = {"tick": at, "show": read.show(at), "play": read.play(at), "judge": read.judge()}
    print(json.dumps(answer | ({"wrong": read.verify()} if sys.argv[4:] else {})))
