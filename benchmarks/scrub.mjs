// Measures how fast a real Chromium shows a requested frame.
//
//   node scrub.mjs CHROMIUM RATE SEEKS DRAG_SECONDS FILE…
//
// The files are side by side and seek in lockstep: a new target only after all have shown the last one.
// Prints JSON: the milliseconds of every seek (until the last file showed the frame), frames per second
// while dragging across the whole length, and the number of wrong frames among all that were shown.
import { argv } from 'node:process'

import { withVideoPage } from '../tests/playback/video_page.mjs'

const [executablePath, rate, seeks, seconds, ...files] = argv.slice(2)

// Runs in the page.
async function measure([count, rate, seeks, seconds]) {
  const videos = await Promise.all(Array.from({ length: count }, (_, index) => openVideo(`/${index}`)))
  for (const video of videos) video.style.width = `${Math.floor(100 / count)}%`
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
  let current = -1
  while (latencies.length < seeks) {
    seed = (seed * 1103515245 + 12345) % 2 ** 31
    const frame = Math.floor((seed / 2 ** 31) * last)
    if (Math.abs(frame - current) < 2) continue
    current = frame
    const start = performance.now()
    await showAll(frame)
    latencies.push(performance.now() - start)
  }

  const start = performance.now()
  let shown = 0
  for (let elapsed = 0; elapsed < seconds; elapsed = (performance.now() - start) / 1000) {
    const frame = Math.floor((elapsed / seconds) * last)
    if (frame === current) {
      await new Promise(requestAnimationFrame)
      continue
    }
    current = frame
    await showAll(frame)
    shown += 1
  }
  return { latencies, dragFps: shown / ((performance.now() - start) / 1000), wrong }
}

const result = await withVideoPage(executablePath, files, (page) =>
  page.evaluate(measure, [files.length, Number(rate), Number(seeks), Number(seconds)]),
)
console.log(JSON.stringify(result))
