// Renders a part of a published session: three angles side by side, with the session's sound.
//
//   node render.mjs BASE SESSION OUT.mov [--from FRAME] [--frames N] [--kind KIND] [--pane 640x360]
//
// BASE is the folder of a store, or a file that `mcsyncd share` printed; KIND is proxy or mezzanine. CHROMIUM
// in the environment names a browser; without it, Remotion downloads one.
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { argv, env } from 'node:process'
import { parseArgs } from 'node:util'

import { bundle } from '@remotion/bundler'
import { renderMedia, selectComposition } from '@remotion/renderer'

const { positionals, values } = parseArgs({
  args: argv.slice(2),
  allowPositionals: true,
  options: {
    from: { type: 'string', default: '0' },
    frames: { type: 'string', default: '90' },
    kind: { type: 'string', default: 'mezzanine' },
    pane: { type: 'string', default: '640x360' },
  },
})
const [base, session, outputLocation] = positionals
const { kind } = values

// What the pointer says, the manifest's bytes, and the addresses of the files unless they are in a folder.
async function readSession() {
  if (!base.endsWith('.json')) {
    const pointer = JSON.parse(await readFile(join(base, `head/${session}.json`)))
    const body = await readFile(join(base, pointer.manifest_key))
    const { state, reason, manifest_sha256: sha256 } = pointer
    return { state, reason, sha256, body, addresses: null }
  }
  const { state, manifest, objects } = JSON.parse(await readFile(base))
  const body = Buffer.from(await (await fetch(manifest.url)).arrayBuffer())
  const addresses = Object.fromEntries(objects.map(({ key, url }) => [key, url]))
  return { state, sha256: manifest.sha256, body, addresses }
}

const { state, reason, sha256, body, addresses } = await readSession()
if (state === 'withdrawn') throw new Error(`withdrawn: ${reason}`)
if (createHash('sha256').update(body).digest('hex') !== sha256)
  throw new Error('the manifest is not the one that the pointer names')
const manifest = JSON.parse(body)
if (manifest.schema.split('.')[0] !== '1') throw new Error(`a manifest of version ${manifest.schema}`)

// Before the render: a composition that throws for want of a file is now and then rendered without it.
const made = manifest.cameras.flatMap(({ clips }) => clips.map((clip) => clip[kind]))
for (const { key, bytes } of made.filter((one) => one !== null && one.start_tick !== null)) {
  if (addresses === null && (await stat(join(base, key))).size !== bytes)
    throw new Error(`${key} is not whole`)
  if (addresses !== null && !(key in addresses))
    throw new Error(`${key} is not shared: mcsyncd share --kind ${kind}`)
}

const [width, height] = values.pane.split('x').map(Number)
const [from, frames] = [Number(values.from), Number(values.frames)]
const inputProps = { manifest, kind, addresses, from, frames, pane: { width, height } }
const browser = env.CHROMIUM ? { browserExecutable: env.CHROMIUM, chromeMode: 'chrome-for-testing' } : {}
const outDir = await mkdtemp(join(tmpdir(), 'panes-'))
try {
  const entryPoint = join(import.meta.dirname, 'src/index.tsx')
  const publicDir = base.endsWith('.json') ? undefined : resolve(base)
  const serveUrl = await bundle({ entryPoint, outDir, publicDir, symlinkPublicDir: true })
  const common = { serveUrl, inputProps, logLevel: 'error', ...browser }
  const composition = await selectComposition({ ...common, id: 'panes' })
  // PCM: the renderer's AAC begins 2048 samples late, and the file does not say so.
  await renderMedia({ ...common, composition, outputLocation, codec: 'h264', crf: 16, audioCodec: 'pcm-16' })
} finally {
  await rm(outDir, { recursive: true })
}
