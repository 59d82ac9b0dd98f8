// A page with videos: a server that supports Range, and a headless Chromium on one of its pages.
//
// Run it in a folder in which playwright-core is installed.
import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { cwd } from 'node:process'

const { chromium } = createRequire(join(cwd(), 'here.js'))('playwright-core')

// Runs in the page: adds a video and returns it when its first frame is on the screen. That frame is presented
// some time after `loadeddata`. Who seeks before would take its callback for that of the frame asked for.
async function openVideo(source) {
  const video = document.createElement('video')
  video.muted = true
  video.preload = 'auto'
  if (source.startsWith('http')) video.crossOrigin = 'anonymous'
  const presented = new Promise((resolve, reject) => {
    video.requestVideoFrameCallback(resolve)
    video.onerror = () => reject(new Error(video.error.message))
  })
  video.src = source
  document.body.append(video)
  await presented
  return video
}

// Runs in the page: the number that a video's frame itself shows (tests/footage.py: 20 blocks across the bottom
// quarter, lowest bit first).
export function readNumber(video) {
  const canvas = document.createElement('canvas')
  const context = canvas.getContext('2d', { willReadFrequently: true })
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

// Calls run(page) on a page that knows openVideo and readNumber, and whose server has the files as /0, /1, …, and returns its
// result. Port 0: any.
export async function withVideoPage(executablePath, files, run, port = 0) {
  const server = createServer((request, response) => serve(files, request, response))
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  const browser = await chromium.launch({
    executablePath,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
  })
  try {
    const page = await browser.newPage()
    await page.addInitScript(`globalThis.openVideo = ${openVideo}; globalThis.readNumber = ${readNumber}`)
    await page.goto(`http://127.0.0.1:${server.address().port}/page`)
    return await run(page)
  } finally {
    await browser.close()
    server.closeAllConnections()
    server.close()
  }
}

function serve(files, request, response) {
  const file = files[Number(request.url.slice(1))]
  if (file === undefined) {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>playback</title>')
    return
  }
  const size = statSync(file).size
  const [, first, last] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [null, 0, '']
  const start = Number(first)
  const end = last ? Number(last) : size - 1
  response.writeHead(request.headers.range ? 206 : 200, {
    'content-type': 'video/mp4',
    'accept-ranges': 'bytes',
    'content-length': end - start + 1,
    'content-range': `bytes ${start}-${end}/${size}`,
  })
  const body = createReadStream(file, { start, end })
  response.on('close', () => body.destroy())
  body.pipe(response)
}
