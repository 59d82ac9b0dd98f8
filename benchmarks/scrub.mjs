// How soon does a real Chromium show the frame that was asked for?
//
//   node scrub.mjs CHROMIUM RATE SEEKS DRAG_SECONDS FILE…
//
// The files lie side by side and are sought in lockstep: a new target only when all have shown the
// last one. Prints JSON: milliseconds of every seek (until the last file showed it), pictures a second
// while dragging across the whole length, and how many of all pictures shown were not the asked one.
import { argv } from 'node:process'

import { onStage } from '../tests/playback/stage.mjs'

const [executablePath, rate, seeks, seconds, ...files] = argv.slice(2)

// Runs in the page.
async function measured([count, rate, seeks, seconds]) {
  const videos = Array.from({ length: count }, (_, index) => {
    const video = document.createElement('video')
    Object.assign(video, { muted: true, preload: 'auto', src: `/${index}` })
    video.style.width = `${Math.floor(100 / count)}%`
    document.body.append(video)
    return video
  })
  await Promise.all(videos.map((video) => new Promise((resolve) => { video.onloadeddata = resolve })))
  const last = Math.floor(Math.min(...videos.map((video) => video.duration)) * rate) - 2

  let wrong = 0
  const show = (video, frame) =>
    new Promise((resolve) => {
      video.requestVideoFrameCallback((_, { mediaTime }) => {
        wrong += Math.round(mediaTime * rate) !== frame
        resolve()
      })
      video.currentTime = (frame + 0.5) / rate
    })
  const showAll = (frame) => Promise.all(videos.map((video) => show(video, frame)))

  const latencies = []
  let seed = 12345
  let at = -1
  while (latencies.length < seeks) {
    seed = (seed * 1103515245 + 12345) % 2 ** 31
    const frame = Math.floor((seed / 2 ** 31) * last)
    if (Math.abs(frame - at) < 2) continue
    at = frame
    const began = performance.now()
    await showAll(frame)
    latencies.push(performance.now() - began)
  }

  const began = performance.now()
  let shown = 0
  for (let passed = 0; passed < seconds; passed = (performance.now() - began) / 1000) {
    const frame = Math.floor((passed / seconds) * last)
    if (frame === at) {
      await new Promise(requestAnimationFrame)
      continue
    }
    at = frame
    await showAll(frame)
    shown += 1
  }
  return { latencies, dragged: shown / ((performance.now() - began) / 1000), wrong }
}

const told = await onStage(executablePath, files, (page) =>
  page.evaluate(measured, [files.length, Number(rate), Number(seeks), Number(seconds)]),
)
console.log(JSON.stringify(told))
