// Read a published session: node read_manifest.ts BASE SESSION MICROSECONDS [verify]
//
// BASE is the folder of a store, an http(s) address that serves one, or a file that `mcsyncd share` printed.
// Prints as JSON what to show and to play at that time of the session, how sure its place is, and with
// `verify` the keys of files that are not what they should be. show, play and judge need nothing of Node.
import { createHash } from 'node:crypto'
import { createReadStream, realpathSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

type Named = { key: string; bytes: number; sha256: string }
type Timed = { start_tick: number | null; frames: number; proof: { samples: number } }
type Made = Named & Timed & { audio_tracks: unknown[] }
type Clip = { disposition?: string | null; proxy: Made | null; mezzanine: Made | null }
type Camera = { id: string; kind?: string; confidence: number; reasons: { text: string }[]; clips: Clip[] }
type Judged = { approved_by: string; approved_at: string; sync_confidence: number; sync_method: string }
type Manifest = Judged & { schema: string; rate: [number, number]; reference: string; cameras: Camera[] }
type Kind = 'proxy' | 'mezzanine'
type Locate = (key: string) => string
type Session = { manifest: Manifest; state: string; locate: Locate; has: (key: string) => boolean }

export async function openSession(base: string, session: string): Promise<Session> {
  const urls = new Map<string, string>()
  const locate: Locate = (key) => {
    if (urls.size > 0 && !urls.has(key))
      throw new Error(`${key} is not shared: \`mcsyncd share --kind\` chooses what is`)
    return urls.get(key) ?? `${base.replace(/\/$/, '')}/${key}`
  }
  let pointer
  if (base.endsWith('.json')) {
    // An address for each key; the pointer was read by `mcsyncd share`.
    pointer = JSON.parse((await read(base)).toString())
    for (const { key, url } of [pointer.manifest, ...pointer.objects]) urls.set(key, url)
    pointer.manifest_key = pointer.manifest.key
    pointer.manifest_sha256 = pointer.manifest.sha256
  } else pointer = JSON.parse((await read(locate(`head/${session}.json`))).toString())
  const state = pointer.state ?? 'current'
  if (state === 'withdrawn') throw new Error(`withdrawn: ${pointer.reason}`)
  const body = await read(locate(pointer.manifest_key))
  if (createHash('sha256').update(body).digest('hex') !== pointer.manifest_sha256)
    throw new Error('the manifest is not the one that the pointer names')
  const manifest: Manifest = JSON.parse(body.toString())
  if (manifest.schema.split('.')[0] !== '1')
    throw new Error(`a manifest of version ${manifest.schema}: get a newer reader`)
  return { manifest, state, locate, has: (key) => urls.size === 0 || urls.has(key) }
}

// The tick (the frame of the session) at a time; whole numbers, because a rounded product may miss a frame.
export function findTick({ manifest: { rate } }: Session, microseconds: number): number {
  const [above, below] = [BigInt(microseconds) * BigInt(rate[0]), BigInt(rate[1]) * 1_000_000n]
  return Number((above - (((above % below) + below) % below)) / below)
}

// The renditions of what a camera records at a tick, and how many ticks into each that is.
function listPlaying({ manifest }: Session, camera: Camera, tick: number, kind: Kind) {
  const [num, den] = manifest.rate
  return camera.clips.flatMap(({ [kind]: made }) => {
    if (made === null || made.start_tick === null) return []
    const length = made.frames || Math.ceil((made.proof.samples * num) / (48000 * den))
    const inside = tick - made.start_tick
    return inside >= 0 && inside < length ? [{ made, inside }] : []
  })
}

// For each camera: which frame of which file to show, and where to seek, which is the frame's middle.
export function show(session: Session, tick: number, kind: Kind = 'proxy') {
  const [num, den] = session.manifest.rate
  const shown: Record<string, { file: string; frame: number; seek_s: number }> = {}
  for (const camera of session.manifest.cameras) {
    const found = listPlaying(session, camera, tick, kind).find(({ made }) => made.frames > 0)
    if (found === undefined) continue
    const { made, inside: frame } = found
    shown[camera.id] = { file: session.locate(made.key), frame, seek_s: ((frame + 0.5) * den) / num }
  }
  return shown
}

// Which files to play together, and from where: a recorder's, else the reference's, else any.
export function play(session: Session, tick: number, kind: Kind = 'proxy') {
  const { cameras, reference, rate } = session.manifest
  const rank = (one: Camera) => (one.kind === 'sound' ? 0 : 2) + (one.id === reference ? 0 : 1)
  for (const camera of [...cameras].sort((one, other) => rank(one) - rank(other))) {
    const heard = listPlaying(session, camera, tick, kind).filter(({ made }) => made.audio_tracks.length > 0)
    if (heard.length > 0)
      return heard.map(({ made, inside }) => ({
        file: session.locate(made.key),
        from_s: (inside * rate[1]) / rate[0],
      }))
  }
  return []
}

// How sure the machine was of each camera, how its clips were placed, and who approved.
export function judge({ manifest, state }: Session) {
  const { approved_by, approved_at, sync_confidence, sync_method } = manifest
  const cameras = manifest.cameras.map(({ id, confidence, reasons, clips }) => {
    const placed = [...new Set(clips.map(({ disposition }) => disposition ?? 'unknown'))].sort()
    return [id, { confidence, placed, reasons: reasons.map(({ text }) => text) }]
  })
  const judged = { state, approved_by, approved_at, sync_confidence, sync_method }
  return { ...judged, cameras: Object.fromEntries(cameras) }
}

// The keys of files that are missing or not what the manifest says; of a share, of what is shared.
export async function verify(session: Session): Promise<string[]> {
  const named = new Map(listFiles(session.manifest).map((one) => [one.key, one]))
  const wrong = []
  for (const one of named.values())
    if (session.has(one.key) && (await isWrong(session.locate(one.key), one))) wrong.push(one.key)
  return wrong.sort()
}

async function isWrong(address: string, { bytes, sha256 }: Named): Promise<boolean> {
  const digest = createHash('sha256')
  let size = 0
  try {
    for await (const block of await openFile(address)) {
      digest.update(block)
      size += block.length
    }
  } catch (error) {
    // Any other than "not there" says nothing about the file.
    if (['ENOENT', 404].includes((error as { code: string | number }).code)) return true
    throw error
  }
  return size !== bytes || digest.digest('hex') !== sha256
}

function listFiles(node: unknown): Named[] {
  if (typeof node !== 'object' || node === null) return []
  const own = 'key' in node && 'bytes' in node && 'sha256' in node ? [node as Named] : []
  return [...own, ...Object.values(node).flatMap(listFiles)]
}

async function openFile(address: string): Promise<AsyncIterable<Uint8Array>> {
  if (!address.startsWith('http')) return createReadStream(address)
  const answer = await fetch(address)
  if (answer.ok && answer.body) return answer.body
  throw Object.assign(new Error(`${address}: ${answer.status}`), { code: answer.status })
}

async function read(address: string): Promise<Buffer> {
  const blocks = []
  for await (const block of await openFile(address)) blocks.push(block)
  return Buffer.concat(blocks)
}

const [, script, base, id, microseconds, wanted] = process.argv
if (script && base && id && import.meta.url === pathToFileURL(realpathSync(script)).href) {
  const session = await openSession(base, id)
  const tick = findTick(session, Number(microseconds))
  const answer = { tick, show: show(session, tick), play: play(session, tick), judge: judge(session) }
  console.log(JSON.stringify(wanted ? { ...answer, wrong: await verify(session) } : answer))
}
