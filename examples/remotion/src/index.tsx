import { Composition, registerRoot } from 'remotion'

import { Panes, type PanesProps } from './Panes'

const EMPTY: PanesProps = {
  manifest: { rate: [30, 1], reference: '', cameras: [] },
  kind: 'proxy',
  addresses: null,
  from: 0,
  frames: 1,
  pane: { width: 640, height: 360 },
}

// The composition has the session's rate, so that its frames are the session's.
registerRoot(() => (
  <Composition
    id="panes"
    component={Panes}
    defaultProps={EMPTY}
    calculateMetadata={({ props: { manifest, frames, pane } }) => ({
      fps: manifest.rate[0] / manifest.rate[1],
      durationInFrames: frames,
      width: 3 * pane.width,
      height: pane.height,
    })}
  />
))
