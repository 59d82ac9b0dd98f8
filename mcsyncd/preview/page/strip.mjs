// The strip below the panes: a row for each track with its clips and waveforms, and the playhead.
import { findLevels, findLoudest, parsePeaks } from './peaks.mjs'

const SHORTEST_FRAMES = 50 // what fills the strip at the strongest zoom
const ZOOM = 1.6

export class Strip {
  #timeline
  #rows
  #waves = new Map()
  #shown = { from: 0, to: 1 }
  #frame = 0

  // `rows` are [track, canvas]; `seek` gets the frame that a pointer asks for.
  constructor(element, playhead, timeline, rows, seek) {
    this.element = element
    this.playhead = playhead
    this.#timeline = timeline
    this.#rows = rows
    this.#shown = { from: 0, to: timeline.ticks }
    element.addEventListener('pointerdown', (event) => {
      element.setPointerCapture(event.pointerId)
      seek(this.#findFrame(event))
    })
    element.addEventListener('pointermove', (event) => {
      if (element.hasPointerCapture(event.pointerId)) seek(this.#findFrame(event))
    })
    new ResizeObserver(() => this.draw()).observe(element)
  }

  // Fetches the waveforms, one after the other. A track without one stays a bar.
  async load() {
    for (const [track] of this.#rows) {
      for (const clip of track.clips.filter((one) => one.peaks)) {
        try {
          const answer = await fetch(clip.peaks)
          if (!answer.ok) continue
          const peaks = parsePeaks(await answer.arrayBuffer())
          this.#waves.set(clip, { peaks, loudest: findLoudest(peaks) })
          this.draw()
        } catch {
          continue // the pane says what cannot be played
        }
      }
    }
  }

  show(frame) {
    this.#frame = frame
    const { from, to } = this.#shown
    if (frame < from || frame >= to) this.#look(frame - (to - from) / 2, to - from)
    const at = (frame + 0.5 - this.#shown.from) / (this.#shown.to - this.#shown.from)
    this.playhead.style.setProperty('--at', `${100 * at}%`)
  }

  // Zooms in (1) or out (-1) around the playhead.
  zoom(direction) {
    const length = this.#shown.to - this.#shown.from
    const wanted = Math.min(this.#timeline.ticks, Math.max(SHORTEST_FRAMES, length * ZOOM ** -direction))
    this.#look(this.#frame - ((this.#frame - this.#shown.from) * wanted) / length, wanted)
    this.show(this.#frame)
  }

  #look(from, length) {
    const start = Math.max(0, Math.min(from, this.#timeline.ticks - length))
    this.#shown = { from: start, to: start + length }
    this.draw()
  }

  #findFrame(event) {
    const { left, width } = this.element.getBoundingClientRect()
    const { from, to } = this.#shown
    return this.#timeline.clamp(Math.floor(from + ((event.clientX - left) / width) * (to - from)))
  }

  draw() {
    for (const [track, canvas] of this.#rows) {
      const scale = devicePixelRatio
      canvas.width = Math.max(1, Math.round(canvas.clientWidth * scale))
      canvas.height = Math.max(1, Math.round(canvas.clientHeight * scale))
      const context = canvas.getContext('2d')
      for (const clip of track.clips) this.#drawClip(context, canvas, clip)
    }
    this.element.dataset.drawn = this.#waves.size
  }

  #drawClip(context, { width, height }, clip) {
    const style = getComputedStyle(this.element)
    const { from, to } = this.#shown
    const perPixel = (to - from) / width
    const left = Math.max(0, (clip.start - from) / perPixel)
    const right = Math.min(width, (clip.start + clip.ticks - from) / perPixel)
    if (right <= left) return
    context.fillStyle = style.getPropertyValue('--clip')
    context.fillRect(left, 0, Math.max(1, right - left - 1), height)
    const wave = this.#waves.get(clip)
    if (!wave) return
    context.fillStyle = style.getPropertyValue('--wave')
    for (let x = Math.floor(left); x < right; x += 1) {
      const start = (from + x * perPixel - clip.start) / this.#timeline.rate
      const levels = findLevels(wave.peaks, start, start + perPixel / this.#timeline.rate)
      if (!levels) continue
      const [low, high] = levels.map((level) => (level / wave.loudest) * (height / 2 - 1))
      context.fillRect(x, height / 2 - high, 1, Math.max(1, high - low))
    }
  }
}
