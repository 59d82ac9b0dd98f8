// The part of a manifest that this composition reads; docs/manifest.md has the rest.
export type Kind = 'proxy' | 'mezzanine'
export type Manifest = { rate: [number, number]; reference: string; cameras: Camera[] }
type Camera = { id: string; kind?: 'picture' | 'sound'; clips: Record<Kind, Made | null>[] }
type Made = {
  key: string
  start_tick: number | null
  frames: number
  proof: { samples: number }
  audio_tracks: unknown[]
}

// A file on the timeline: frame 0 lies on `start`, a frame of the session.
export type Placed = { key: string; start: number; frames: number }

// The files of up to three cameras with pictures, the reference first.
export function choosePanes(manifest: Manifest, kind: Kind): Placed[][] {
  const cameras = sortCameras(manifest, (one) => (one.id === manifest.reference ? 0 : 1))
  const panes = cameras.map((camera) => place(manifest, camera, kind, (made) => made.frames > 0))
  return panes.filter(isSome).slice(0, 3)
}

// The files to hear: a recorder's, else the reference's, else any camera's.
export function chooseSound(manifest: Manifest, kind: Kind): Placed[] {
  const rank = (one: Camera) => (one.kind === 'sound' ? 0 : one.id === manifest.reference ? 1 : 2)
  const hasSound = (made: Made) => made.audio_tracks.length > 0
  const heard = sortCameras(manifest, rank).map((camera) => place(manifest, camera, kind, hasSound))
  return heard.find(isSome) ?? []
}

function sortCameras({ cameras }: Manifest, rank: (camera: Camera) => number): Camera[] {
  return [...cameras].sort((one, other) => rank(one) - rank(other))
}

function place(manifest: Manifest, camera: Camera, kind: Kind, isWanted: (made: Made) => boolean): Placed[] {
  const [num, den] = manifest.rate
  return camera.clips.flatMap(({ [kind]: made }) => {
    if (made === null || made.start_tick === null || !isWanted(made)) return []
    // What has no picture is measured by its samples, at 48 kHz.
    const frames = made.frames || Math.ceil((made.proof.samples * num) / (48000 * den))
    return [{ key: made.key, start: made.start_tick, frames }]
  })
}

const isSome = (placed: Placed[]) => placed.length > 0
