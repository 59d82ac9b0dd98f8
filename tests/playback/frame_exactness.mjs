// Seeks proxies in a real Chromium and prints which frames it shows.
//
//   node frame_exactness.mjs CHROMIUM NUM/DEN FRAME,FRAME,… FILE…
//
// Run it in a folder in which playwright-core is installed. A FILE may also be a URL of another origin, which
// must allow the page's own; PORT in the environment is that of the page. The files are side by side and seek together,
// to (frame + 1/2) / rate: the middle of the frame, so that no rounding of the clock can show its neighbour.
// Prints a JSON list: for each frame and file, the frame by the mediaTime of the presented frame, and
// the number that the frame itself shows.
import { argv, env } from 'node:process'

import { withVideoPage } from './video_page.mjs'

const [executablePath, fraction, list, ...files] = argv.slice(2)
const [num, den] = fraction.split('/').map(Number)
const frames = list.split(',').map(Number)

// Runs in the page.
async function readFrames([sources, frames, num, den]) {
  const videos = await Promise.all(sources.map((source) => openVideo(source)))

  async function show(video, frame) {
    const presented = new Promise((resolve) => {
      video.requestVideoFrameCallback((_, metadata) => resolve(metadata.mediaTime))
    })
    const seeked = new Promise((resolve) => video.addEventListener('seeked', resolve, { once: true }))
    video.currentTime = ((frame + 0.5) * den) / num
    const [mediaTime] = await Promise.all([presented, seeked])
    return { frame: Math.round((mediaTime * num) / den), number: readNumber(video) }
  }

  const shown = []
  for (const frame of frames) shown.push(await Promise.all(videos.map((video) => show(video, frame))))
  return shown
}

const sources = files.map((file, index) => (file.startsWith('http') ? file : `/${index}`))
const shown = await withVideoPage(
  executablePath,
  files,
  (page) => page.evaluate(readFrames, [sources, frames, num, den]),
  Number(env.PORT ?? 0),
)
console.log(JSON.stringify(shown))
