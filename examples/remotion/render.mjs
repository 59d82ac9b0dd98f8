// Renders a part of a published session: three angles side by side, with the session's sound.
//
//   node render.mjs BASE SESSION OUT.mov [--from FRAME] [--frames N] [--kind proxy|mezzanine] [--pane 640x360]
//
// BASE is the folder of a store, or a file that `mcsyncd share` printed. CHROMIUM in the environment names a
// browser; without it, Remotion downloads one.
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
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

// What the pointer says, the manifest's bytes, and the addresses of the files that are not in a folder.
async function readSession() {
  if (!base.endsWith('.json')) {
    const pointer = JSON.parse(await readFile(join(base, `head/${session}.json`)))
    const body = await readFile(join(base, pointer.manifest_key))
    return { state: pointer.state, reason: pointer.reason, sha256: pointer.manifest_sha256, body, addresses: {} }
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

const [width, height] = values.pane.split('x').map(Number)
const { kind, from, frames } = values
const inputProps = { manifest, kind, addresses, from: Number(from), frames: Number(frames), pane: { width, height } }
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
