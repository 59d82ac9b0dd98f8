// Seeks proxies in a real Chromium and tells which pictures it shows.
//
//   node exact.mjs CHROMIUM NUM/DEN FRAME,FRAME,… FILE…
//
// Runs in a folder where playwright-core is installed. The files lie side by side and are sought as
// one: to (frame + 1/2) / rate, the middle of the frame, so that no rounding of the clock can show its
// neighbour. Prints a JSON list: for each frame and file the frame by the presented picture's
// mediaTime, and the number that the picture itself carries (tests/footage.py: 20 blocks across the
// bottom quarter, lowest bit first).
import { argv } from 'node:process'

import { onStage } from './stage.mjs'

const [executablePath, fraction, list, ...files] = argv.slice(2)
const [num, den] = fraction.split('/').map(Number)
const frames = list.split(',').map(Number)

// Runs in the page.
async function seen([count, frames, num, den]) {
  const videos = Array.from({ length: count }, (_, index) => {
    const video = document.createElement('video')
    video.muted = true
    video.preload = 'auto'
    video.src = `/${index}`
    document.body.append(video)
    return video
  })
  await Promise.all(
    videos.map(
      (video) =>
        new Promise((resolve, reject) => {
          video.onloadeddata = resolve
          video.onerror = () => reject(new Error(video.error.message))
        }),
    ),
  )

  const canvas = document.createElement('canvas')
  const context = canvas.getContext('2d', { willReadFrequently: true })
  function numberIn(video) {
    canvas.width = video.videoWidth
    canvas.height = video.videoHeight
    context.drawImage(video, 0, 0)
    const row = context.getImageData(0, Math.floor(canvas.height * 0.9), canvas.width, 1).data
    let number = 0
    for (let bit = 0; bit < 20; bit += 1) {
      const x = Math.floor(((2 * bit + 1) * canvas.width) / 40)
      if (row[4 * x] > 125) number += 2 ** bit
    }
    return number
  }

  async function show(video, frame) {
    const presented = new Promise((resolve) => {
      video.requestVideoFrameCallback((_, about) => resolve(about.mediaTime))
    })
    const sought = new Promise((resolve) => video.addEventListener('seeked', resolve, { once: true }))
    video.currentTime = ((frame + 0.5) * den) / num
    const [mediaTime] = await Promise.all([presented, sought])
    return { frame: Math.round((mediaTime * num) / den), number: numberIn(video) }
  }

  const told = []
  for (const frame of frames) told.push(await Promise.all(videos.map((video) => show(video, frame))))
  return told
}

const told = await onStage(executablePath, files, (page) =>
  page.evaluate(seen, [files.length, frames, num, den]),
)
console.log(JSON.stringify(told))
