// Waveforms: audiowaveform's data files, version 2 with eight bits (docs/manifest.md).

const HEADER_BYTES = 24

// Returns {perSecond, columns, low, high}: the lowest and highest level of all channels in each column.
export function parsePeaks(buffer) {
  const view = new DataView(buffer)
  const [version, flags] = [view.getInt32(0, true), view.getUint32(4, true)]
  if (version !== 2 || !(flags & 1)) throw new Error(`waveform of version ${version}`)
  const perSecond = view.getInt32(8, true) / view.getInt32(12, true)
  const channels = view.getInt32(20, true)
  const data = new Int8Array(buffer, HEADER_BYTES)
  const columns = Math.min(view.getUint32(16, true), Math.floor(data.length / (2 * channels)))
  const low = new Int8Array(columns)
  const high = new Int8Array(columns)
  for (let column = 0, at = 0; column < columns; column += 1) {
    for (let channel = 0; channel < channels; channel += 1, at += 2) {
      low[column] = Math.min(low[column], data[at])
      high[column] = Math.max(high[column], data[at + 1])
    }
  }
  return { perSecond, columns, low, high }
}

// The levels between two times in seconds, as [lowest, highest]; undefined where there are none.
export function findLevels(peaks, from, to) {
  const first = Math.max(0, Math.floor(from * peaks.perSecond))
  const last = Math.min(peaks.columns, Math.max(first + 1, Math.ceil(to * peaks.perSecond)))
  if (first >= last) return undefined
  let [low, high] = [0, 0]
  for (let column = first; column < last; column += 1) {
    if (peaks.low[column] < low) low = peaks.low[column]
    if (peaks.high[column] > high) high = peaks.high[column]
  }
  return [low, high]
}

export function findLoudest(peaks) {
  let loudest = 1
  for (let column = 0; column < peaks.columns; column += 1) {
    loudest = Math.max(loudest, peaks.high[column], -peaks.low[column])
  }
  return loudest
}
