import { AbsoluteFill, Html5Audio, OffthreadVideo, Sequence, staticFile } from 'remotion'

import { type Kind, type Manifest, choosePanes, chooseSound } from './manifest'

// `from` and `frames` count frames of the session. Without addresses, the files lie in the public folder.
export type PanesProps = {
  manifest: Manifest
  kind: Kind
  addresses: Record<string, string> | null
  from: number
  frames: number
  pane: { width: number; height: number }
}

// Each file begins on its `start`: nothing else is needed for all panes to show the same instant.
export function Panes({ manifest, kind, addresses, from, pane }: PanesProps) {
  const locate = (key: string) => (addresses === null ? staticFile(key) : addresses[key])
  return (
    <AbsoluteFill style={{ background: 'black', flexDirection: 'row' }}>
      {choosePanes(manifest, kind).map((files, index) => (
        <div key={index} style={{ position: 'relative', ...pane }}>
          {files.map(({ key, start, frames }) => (
            <Sequence key={key} from={start - from} durationInFrames={frames}>
              <OffthreadVideo muted src={locate(key)} style={{ ...pane, objectFit: 'contain' }} />
            </Sequence>
          ))}
        </div>
      ))}
      {chooseSound(manifest, kind).map(({ key, start, frames }) => (
        <Sequence key={key} layout="none" from={start - from} durationInFrames={frames}>
          <Html5Audio src={locate(key)} />
        </Sequence>
      ))}
    </AbsoluteFill>
  )
}
