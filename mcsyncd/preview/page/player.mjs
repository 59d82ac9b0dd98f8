// Plays all panes in lockstep: a new frame is sought only when all panes show the last one.
//
// Dispatches `frames` when all panes show a frame, `change` when it starts or stops, and `seeking` when it begins
// or ends to seek.

const TOLERATED_FRAMES = 0.5 // panes that are closer run at the same speed
const LOST_FRAMES = 12 // panes that are further apart are stopped and sought again
const CORRECTION = 0.06 // how much faster or slower a pane runs until it has caught up
const SLOW_SEEK_MS = 120 // from then on thumbnails stand in

export class Player extends EventTarget {
  #panes
  #timeline
  #seeking = null
  #since = 0
  #run = 0 // counts starts and stops: whoever finds another number is no longer the one that plays

  constructor(panes, timeline) {
    super()
    this.#panes = panes
    this.#timeline = timeline
    this.frame = 0 // the one that is shown
    this.wanted = 0 // the one that is sought
    this.speed = 0
  }

  // Stops and goes to a frame. Returns when the newest frame that anybody wanted is shown.
  seek(frame) {
    this.#stop()
    return this.#goTo(frame)
  }

  pause() {
    return this.seek(this.frame)
  }

  async play(speed) {
    this.#stop()
    const run = this.#run
    const atEnd = speed > 0 ? this.frame >= this.#timeline.ticks - 1 : this.frame <= 0
    if (atEnd) await this.#goTo(speed > 0 ? 0 : this.#timeline.ticks - 1)
    if (run !== this.#run) return
    this.speed = speed
    this.#tell('change')
    await (speed > 0 && speed <= 4 ? this.#playForward(run) : this.#stepAlong(run))
  }

  // Opens what is seen or heard since.
  refresh() {
    if (this.#panes.every((pane) => pane.isOn(this.frame))) return
    if (this.speed === 0) this.seek(this.wanted)
    else this.play(this.speed)
  }

  #stop() {
    this.#run += 1
    for (const pane of this.#panes) pane.pause()
    if (this.speed === 0) return
    this.speed = 0
    this.#tell('change')
  }

  async #goTo(frame) {
    this.wanted = this.#timeline.clamp(frame)
    if (this.#seeking && performance.now() - this.#since > SLOW_SEEK_MS) {
      for (const pane of this.#panes) pane.hint(this.wanted)
    }
    if (!this.#seeking) {
      this.#seeking = this.#showNewest().finally(() => {
        this.#seeking = null
        this.#tell('seeking')
      })
      this.#tell('seeking')
    }
    await this.#seeking
  }

  get isSeeking() {
    return this.#seeking !== null
  }

  async #showNewest() {
    let shown
    while (shown !== this.wanted) {
      const target = this.wanted
      this.#since = performance.now()
      await Promise.all(this.#panes.map((pane) => pane.show(target)))
      shown = target
      this.frame = target
      this.#tell('frames')
    }
  }

  async #playForward(run) {
    while (run === this.#run) {
      await this.#goTo(this.frame)
      if (run !== this.#run) return
      await Promise.all(this.#panes.map((pane) => pane.play(this.speed)))
      await this.#followLeader(run)
    }
  }

  // Returns when a pane has to be opened, sought or waited for.
  async #followLeader(run) {
    let [before, exact] = [await nextPaint(), this.frame]
    while (run === this.#run) {
      const now = await nextPaint()
      if (run !== this.#run) return
      const leader = this.#findLeader()
      exact = leader?.position ?? exact + ((now - before) / 1000) * this.#timeline.rate * this.speed
      before = now
      this.wanted = this.frame = this.#timeline.clamp(Math.floor(exact))
      this.#tell('frames')
      if (exact >= this.#timeline.ticks - 1) {
        await this.pause()
        return
      }
      if (this.#panes.some((pane) => !pane.isOn(this.frame) || pane.isWaiting)) return this.#hold()
      if (!this.#correct(leader, exact)) return this.#hold()
    }
  }

  #hold() {
    for (const pane of this.#panes) pane.pause()
  }

  // What is heard sets the pace: its speed is never changed.
  #findLeader() {
    const running = this.#panes.filter((pane) => pane.position !== undefined)
    return running.find((pane) => pane.audible) ?? running[0]
  }

  #correct(leader, exact) {
    for (const pane of this.#panes) {
      if (pane === leader || pane.position === undefined) continue
      const behind = exact - pane.position
      if (Math.abs(behind) > LOST_FRAMES * this.speed) return false
      const close = Math.abs(behind) <= TOLERATED_FRAMES * this.speed
      pane.setSpeed(close ? this.speed : this.speed * (1 + Math.sign(behind) * CORRECTION))
    }
    return true
  }

  // Backwards, and faster than a browser plays: as many frames as can be shown.
  async #stepAlong(run) {
    const [start, from] = [performance.now(), this.frame]
    while (run === this.#run) {
      const elapsed = (performance.now() - start) / 1000
      const target = this.#timeline.clamp(from + elapsed * this.#timeline.rate * this.speed)
      if (target === this.frame) await nextPaint()
      else await this.#goTo(target)
      if (run === this.#run && (this.frame === 0 || this.frame === this.#timeline.ticks - 1)) this.#stop()
    }
  }

  #tell(name) {
    this.dispatchEvent(new Event(name))
  }
}

function nextPaint() {
  return new Promise(requestAnimationFrame)
}
