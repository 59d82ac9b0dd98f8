// The preview page: reads `session.json` beside it and builds everything from it. Decides nothing.
import { Pane } from './pane.mjs'
import { Player } from './player.mjs'
import { Strip } from './strip.mjs'
import { findPaneWidth, Timeline } from './timeline.mjs'

const SETTLED_MS = 300 // browsers allow a page only so many changes of its address

const GAP_PX = 6 // between panes, as in page.css
const MAX_PANES = 9 // more are hidden at first: nobody sees more at once, and each costs a decoder
const FEW_PANES = 3 // more than these stand in two columns on a phone, where the page scrolls

const find = (id) => document.getElementById(id)

function create(name, text, ...children) {
  const element = document.createElement(name)
  if (text) element.textContent = text
  element.append(...children)
  return element
}

async function open() {
  const answer = await fetch('session.json')
  if (!answer.ok) throw new Error(`session.json: ${answer.status} ${answer.statusText}`)
  const session = await answer.json()
  const timeline = new Timeline(session)
  const panes = timeline.tracks.map((track) => new Pane(track, timeline))
  const player = new Player(panes, timeline)
  const sound = new Sound(panes, session.heard)
  showHeader(session)
  const screens = new Screens(panes)
  const strip = showTracks(panes, timeline, player, sound, screens)
  connect({ timeline, player, sound, strip, screens })
  const wanted = Number(new URLSearchParams(location.search).get('frame'))
  const shown = player.seek(Number.isFinite(wanted) ? timeline.fromSessionFrame(wanted) : 0)
  for (const one of [sound, screens]) one.addEventListener('change', () => player.refresh())
  await shown
  await strip.load()
}

function showHeader(session) {
  document.title = `${session.name}: preview`
  find('name').textContent = session.name
  find('verdict').textContent = session.verdict
  find('approved').textContent = session.approved
  find('doubts').append(...session.doubts.map((text) => create('li', text)))
}

// The panes of the angles with a picture. Those behind the ninth are hidden until somebody asks for them.
class Screens extends EventTarget {
  constructor(panes) {
    super()
    this.main = find('panes')
    this.figures = new Map()
    for (const pane of panes.filter((one) => one.hasPicture)) {
      const { label, facts, isDoubtful } = pane.track
      const said = create('span', facts)
      if (isDoubtful) said.className = 'doubt'
      const figure = create('figure', '', pane.element, create('figcaption', '', create('b', label), said))
      figure.hidden = this.figures.size >= MAX_PANES
      pane.element.addEventListener('dblclick', () => this.seeOnly(pane))
      this.figures.set(pane, figure)
    }
    this.main.append(...this.figures.values())
    new ResizeObserver(() => this.#arrange()).observe(this.main)
  }

  sees(pane) {
    return this.figures.get(pane)?.hidden === false
  }

  toggle(pane) {
    const figure = this.figures.get(pane)
    figure.hidden = !figure.hidden
    this.#arrange()
  }

  // Hides all others; again: shows all that were there at first.
  seeOnly(pane) {
    const isAlone = [...this.figures].every(([one, figure]) => figure.hidden === (one !== pane))
    for (const [index, [one, figure]] of [...this.figures].entries()) {
      figure.hidden = isAlone ? index >= MAX_PANES : one !== pane
    }
    this.#arrange()
  }

  #arrange() {
    const shown = [...this.figures.values()].filter((figure) => !figure.hidden)
    const caption = shown[0]?.querySelector('figcaption').offsetHeight ?? 0
    const { clientWidth, clientHeight } = this.main
    const width = matchMedia('(max-width: 40rem)').matches
      ? Math.floor(shown.length > FEW_PANES ? (clientWidth - GAP_PX) / 2 : clientWidth)
      : findPaneWidth(shown.length, clientWidth, clientHeight, caption, GAP_PX)
    this.main.style.setProperty('--pane-width', `${width}px`)
    this.dispatchEvent(new Event('change'))
  }
}

function showTracks(panes, timeline, player, sound, screens) {
  const rows = panes.map((pane, index) => {
    const { label, facts } = pane.track
    const toggle = (className, text, name, press) => {
      const button = create('button', text)
      button.className = className
      button.title = name
      button.setAttribute('aria-label', name)
      button.addEventListener('click', press)
      return button
    }
    const name = pane.hasPicture
      ? toggle('name', label, `${label}: show or hide`, () => screens.toggle(pane))
      : create('b', label)
    name.title = `${label}: ${facts}`
    const mute = toggle('mute', 'M', `Mute ${label}`, () => sound.toggleMute(index))
    const solo = toggle('solo', 'S', `Solo ${label}`, () => sound.toggleSolo(index))
    const row = create('div', '', name, mute, solo)
    row.className = 'row'
    const mark = () => {
      row.classList.toggle('silent', !pane.audible)
      mute.setAttribute('aria-pressed', sound.muted.has(index))
      solo.setAttribute('aria-pressed', sound.soloed.has(index))
      if (pane.hasPicture) name.setAttribute('aria-pressed', screens.sees(pane))
    }
    for (const one of [sound, screens]) one.addEventListener('change', mark)
    find('names').append(row)
    const canvas = create('canvas')
    find('strip').insertBefore(canvas, find('playhead'))
    return [pane.track, canvas]
  })
  sound.apply()
  find('tracks').style.setProperty('--rows', panes.length)
  return new Strip(find('strip'), find('playhead'), timeline, rows, (frame) => player.seek(frame))
}

// Which angles are heard: those that are soloed, or all that are not muted.
class Sound extends EventTarget {
  soloed = new Set()
  muted = new Set()
  isOff = false

  constructor(panes, heard) {
    super()
    this.panes = panes
    for (const index of panes.keys()) if (index !== heard) this.muted.add(index)
  }

  toggleMute(index) {
    flip(this.muted, index)
    this.apply()
  }

  toggleSolo(index) {
    flip(this.soloed, index)
    this.apply()
  }

  hearOnly(index) {
    const alone = this.soloed.size === 1 && this.soloed.has(index)
    this.soloed = new Set(alone ? [] : [index])
    this.apply()
  }

  toggleAll() {
    this.isOff = !this.isOff
    this.apply()
  }

  apply() {
    const { soloed, muted, isOff } = this
    for (const [index, pane] of this.panes.entries()) {
      pane.setAudible(!isOff && (soloed.size ? soloed.has(index) : !muted.has(index)))
    }
    this.dispatchEvent(new Event('change'))
  }
}

function flip(set, value) {
  if (!set.delete(value)) set.add(value)
}

function connect({ timeline, player, sound, strip, screens }) {
  const slider = find('strip')
  let settled
  const show = () => {
    const own = timeline.toSessionFrame(player.frame)
    const timecode = timeline.formatTimecode(player.frame)
    find('clock').replaceChildren(timecode, create('span', `frame ${own}`))
    slider.setAttribute('aria-valuenow', own)
    slider.setAttribute('aria-valuetext', timecode)
    strip.show(player.frame)
    document.documentElement.dataset.frame = own
    clearTimeout(settled)
    if (player.speed === 0) settled = setTimeout(() => history.replaceState(null, '', buildLink()), SETTLED_MS)
  }
  slider.setAttribute('aria-valuemin', timeline.toSessionFrame(0))
  slider.setAttribute('aria-valuemax', timeline.toSessionFrame(timeline.ticks - 1))
  player.addEventListener('frames', show)
  player.addEventListener('seeking', () => slider.setAttribute('aria-busy', player.isSeeking))
  player.addEventListener('change', () => {
    find('play').textContent = player.speed === 0 ? 'Play' : 'Pause'
    say(Math.abs(player.speed) > 1 || player.speed < 0 ? `speed ${player.speed} ×` : '')
  })

  const buildLink = () => {
    const address = new URL(location.href)
    address.searchParams.set('frame', timeline.toSessionFrame(player.frame))
    return address.href
  }
  const copyLink = async () => {
    try {
      await navigator.clipboard.writeText(buildLink())
      say('The link to this frame is copied.')
    } catch {
      history.replaceState(null, '', buildLink())
      say('The browser does not let the page copy: the link is in the address bar.')
    }
  }
  const toggle = () => (player.speed === 0 ? player.play(1) : player.pause())
  const shuttle = (direction) => {
    const faster = player.speed * direction
    return player.play(direction * (faster > 0 ? Math.min(faster * 2, 32) : 1))
  }
  const second = Math.round(timeline.rate)
  const actions = {
    ' ': toggle,
    k: () => player.pause(),
    l: () => shuttle(1),
    j: () => shuttle(-1),
    ArrowLeft: (event) => player.seek(player.wanted - (event.shiftKey ? second : 1)),
    ArrowRight: (event) => player.seek(player.wanted + (event.shiftKey ? second : 1)),
    Home: () => player.seek(0),
    End: () => player.seek(timeline.ticks - 1),
    m: () => sound.toggleAll(),
    c: copyLink,
    '+': () => strip.zoom(1),
    '=': () => strip.zoom(1),
    '-': () => strip.zoom(-1),
    '?': () => find('keys').showModal(),
  }
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || find('keys').open) return
    if (event.key === ' ' && event.target instanceof HTMLButtonElement) return
    const digit = /^Digit([1-9])$/.exec(event.code)
    const index = digit && Number(digit[1]) - 1
    const pictured = [...screens.figures.keys()]
    if (digit && event.shiftKey && index < pictured.length) screens.seeOnly(pictured[index])
    else if (digit && !event.shiftKey && index < sound.panes.length) sound.hearOnly(index)
    else if (Object.hasOwn(actions, lower(event.key))) actions[lower(event.key)](event)
    else return
    event.preventDefault()
  })
  const buttons = {
    back: () => player.seek(player.wanted - 1),
    play: toggle,
    forward: () => player.seek(player.wanted + 1),
    closer: () => strip.zoom(1),
    wider: () => strip.zoom(-1),
    link: copyLink,
    help: () => find('keys').showModal(),
  }
  for (const [id, act] of Object.entries(buttons)) find(id).addEventListener('click', act)
}

function lower(key) {
  return key.length === 1 ? key.toLowerCase() : key
}

function say(text) {
  find('said').textContent = text
}

open().catch((error) => {
  find('name').textContent = 'This session cannot be shown'
  say(`${error.message}. Is the server still running?`)
})
