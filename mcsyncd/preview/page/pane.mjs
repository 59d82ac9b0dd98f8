// A pane: what one track shows and sounds at a frame. It has a player for the clip under the playhead.
import { findClip } from './timeline.mjs'

const PATIENCE_MS = 8000 // a frame that takes longer is given up, or one bad file would hold all angles
const HAVE_DATA = 2 // HTMLMediaElement.HAVE_CURRENT_DATA
const LATE_START_MS = 1000 // a player that has no data yet is not waited for any longer
const LATE_FRAME_MS = [120, 500, 2000] // a frame is presented this soon after its seek, or its news is lost

export class Pane {
  #timeline
  #media = null // the player of the present clip
  #clip = null

  constructor(track, timeline) {
    this.track = track
    this.#timeline = timeline
    this.hasPicture = track.clips.some((clip) => clip.picture)
    this.element = document.createElement('div')
    this.element.className = 'screen'
    this.message = document.createElement('p')
    this.message.textContent = 'not recording'
    this.sprite = document.createElement('canvas')
    this.sprite.hidden = true
    this.element.append(this.sprite, this.message)
    this.audible = false
  }

  setAudible(audible) {
    this.audible = audible
    if (this.#media) this.#media.muted = !audible
  }

  // What is neither seen nor heard is not decoded.
  get isActive() {
    return this.audible || this.element.checkVisibility()
  }

  // Shows a frame of the timeline, and returns when it is on the screen.
  async show(frame) {
    const clip = this.isActive ? findClip(this.track, frame) : undefined
    const media = await this.#open(clip)
    if (media) {
      const own = frame - clip.start
      const seconds = (own + 0.5) / this.#timeline.rate // the middle: no rounding can show its neighbour
      if (clip.picture && this.element.checkVisibility()) await this.#present(media, own, seconds)
      else {
        await seekSound(media, seconds)
        this.message.textContent = '' // who shows the pane later sees this frame
      }
    }
    this.sprite.hidden = true
  }

  // Plays from the frame that is shown. Returns when it runs, or has nothing to run.
  async play(speed) {
    if (!this.#media) return
    this.#media.playbackRate = speed
    const late = new Promise((resolve) => setTimeout(resolve, LATE_START_MS))
    await Promise.race([this.#media.play().catch(() => {}), late])
  }

  pause() {
    this.#media?.pause()
  }

  setSpeed(speed) {
    if (this.#media && this.#media.playbackRate !== speed) this.#media.playbackRate = speed
  }

  // The position on the timeline, in frames with a fraction; undefined without a clip that plays.
  get position() {
    if (!this.#media || this.#media.ended) return undefined
    return this.#clip.start + this.#media.currentTime * this.#timeline.rate
  }

  get isWaiting() {
    return Boolean(this.#media) && !this.#media.ended && this.#media.readyState < 3
  }

  isOn(frame) {
    return !this.isActive || findClip(this.track, frame) === (this.#clip ?? undefined)
  }

  // Draws a thumbnail near a frame, for as long as the frame itself is not there.
  hint(frame) {
    const clip = findClip(this.track, frame)
    const sprites = clip?.sprites
    if (!sprites) return
    const number = Math.min(Math.floor((frame - clip.start) / sprites.step), sprites.count - 1)
    const perSheet = sprites.columns * sprites.rows
    const sheet = loadImage(sprites.sheets[Math.floor(number / perSheet)])
    if (!sheet.complete || sheet.naturalWidth === 0) return
    const { width, height, columns } = sprites
    const [left, top] = [(number % columns) * width, Math.floor((number % perSheet) / columns) * height]
    Object.assign(this.sprite, { width, height })
    this.sprite.getContext('2d').drawImage(sheet, left, top, width, height, 0, 0, width, height)
    this.sprite.hidden = false
  }

  // Returns a player that has data; null where there is nothing to play.
  async #open(clip) {
    if (clip !== (this.#clip ?? undefined)) this.#replace(clip)
    const media = this.#media
    if (!media || media.error) return null
    if (media.readyState < HAVE_DATA) {
      const loaded = waitForEvent(media, 'loadeddata')
      // The first frame may be presented before that, or some time after. Who seeks before would take it for
      // the frame that was asked for.
      const isSeen = clip.picture && this.element.checkVisibility()
      await Promise.all([loaded, isSeen && waitForFrame(media, loaded, LATE_FRAME_MS[0])])
    }
    if (media.error) {
      this.message.textContent = `cannot be played: ${media.error.message}`
      media.remove()
    }
    return media.error || media.readyState < HAVE_DATA ? null : media
  }

  #replace(clip) {
    this.#media?.remove()
    this.#media?.removeAttribute('src')
    this.#media?.load() // frees its decoder
    this.#media = null
    this.#clip = clip ?? null
    this.message.textContent = clip ? 'loading …' : 'not recording'
    if (!clip) return
    this.#media = document.createElement('video')
    Object.assign(this.#media, { muted: !this.audible, preload: 'auto', playsInline: true, src: clip.address })
    this.#media.disableRemotePlayback = true
    this.#media.tabIndex = -1
    this.element.prepend(this.#media)
  }

  // A browser may lose the news of a frame: then it is asked again. Says so while another frame is shown.
  async #present(media, own, seconds) {
    if (Number(media.dataset.frame) === own && media.paused && media.dataset.at === String(media.currentTime)) {
      return
    }
    for (const lateness of LATE_FRAME_MS) {
      const sought = waitForEvent(media, 'seeked') // who seeks again before may never get a frame
      media.currentTime = seconds
      const isShown = await waitForFrame(media, sought, lateness, (mediaTime) => {
        media.dataset.frame = Math.round(mediaTime * this.#timeline.rate)
        return Number(media.dataset.frame) === own
      })
      await sought
      media.dataset.at = media.currentTime
      this.message.textContent = isShown ? '' : 'loading …'
      if (isShown || media.error) return
    }
  }
}

// Returns whether a frame that is `wanted` (by its time) was presented, at most some milliseconds after what is
// `expected` happened. One that was on its way before may come first.
function waitForFrame(media, expected, lateness, wanted = () => true) {
  return new Promise((resolve) => {
    let isOver = false
    const finish = (isShown) => {
      isOver = true
      resolve(isShown)
    }
    const look = () =>
      media.requestVideoFrameCallback((_, { mediaTime }) => {
        if (isOver) return
        if (wanted(mediaTime)) finish(true)
        else look()
      })
    look()
    expected.then(() => setTimeout(() => finish(false), lateness))
  })
}

function waitForEvent(media, name) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PATIENCE_MS)
    for (const one of [name, 'error']) {
      media.addEventListener(one, () => (clearTimeout(timer), resolve()), { once: true })
    }
  })
}

async function seekSound(media, seconds) {
  const sought = waitForEvent(media, 'seeked')
  media.currentTime = seconds
  await sought
}

const images = new Map()

function loadImage(address) {
  if (!images.has(address)) images.set(address, Object.assign(new Image(), { src: address }))
  return images.get(address)
}
