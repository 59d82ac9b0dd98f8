// The session's timeline: frames counted from its beginning, and their names. Pure.

export class Timeline {
  constructor({ rate: [num, den], ticks, zero, timecode, tracks }) {
    this.num = num
    this.den = den
    this.ticks = ticks // its length in frames
    this.zero = zero // the frame of session time 0: what the manifest counts from
    this.timecode = timecode // {start, dropFrame}: the number of its first frame
    this.tracks = tracks
  }

  get rate() {
    return this.num / this.den
  }

  clamp(frame) {
    return Math.min(Math.max(Math.round(frame), 0), this.ticks - 1)
  }

  // From a frame as `start_tick` in the manifest counts them, and back.
  fromSessionFrame(frame) {
    return this.clamp(frame + this.zero)
  }

  toSessionFrame(frame) {
    return frame - this.zero
  }

  // SMPTE ST 12-1: drop frame leaves out the first labels of each minute but every tenth.
  formatTimecode(frame) {
    const base = Math.round(this.rate)
    const { start, dropFrame } = this.timecode
    let number = (start + frame) % this.#countDay(base)
    if (dropFrame) number += this.#countDropped(number, base)
    const [hours, minutes, seconds] = [
      Math.floor(number / (base * 3600)),
      Math.floor(number / (base * 60)) % 60,
      Math.floor(number / base) % 60,
    ]
    const two = (value) => String(value).padStart(2, '0')
    return `${two(hours)}:${two(minutes)}:${two(seconds)}${dropFrame ? ';' : ':'}${two(number % base)}`
  }

  #countDay(base) {
    return base * 86400 - (this.timecode.dropFrame ? (base / 15) * 1296 : 0)
  }

  #countDropped(number, base) {
    const skipped = base / 15 // two labels at 29.97, four at 59.94
    const tens = Math.floor(number / (base * 600 - 9 * skipped))
    const rest = number % (base * 600 - 9 * skipped)
    const minutes = Math.max(0, Math.floor((rest - skipped) / (base * 60 - skipped)))
    return skipped * (9 * tens + minutes)
  }
}

// The clip of a track that has this frame; undefined where the angle did not record.
export function findClip(track, frame) {
  return track.clips.find((clip) => clip.start <= frame && frame < clip.start + clip.ticks)
}

// The width of panes of 16:9 with a caption, in as many columns as make them widest.
export function findPaneWidth(count, width, height, caption, gap) {
  let best = 0
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns)
    const byHeight = ((height - gap * (rows - 1)) / rows - caption) * (16 / 9)
    best = Math.max(best, Math.floor(Math.min((width - gap * (columns - 1)) / columns, byHeight)))
  }
  return best
}
