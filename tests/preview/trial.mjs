// Works the preview page in a real Chromium and prints what it shows.
//
//   node trial.mjs CHROMIUM ADDRESS TRIAL
//
// Run it in a folder in which playwright-core and axe-core are installed. TRIAL is one of the functions below.
// Each prints JSON.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { argv, cwd } from 'node:process'

import { readNumber } from '../playback/video_page.mjs'

const require = createRequire(join(cwd(), 'here.js'))
const { chromium } = require('playwright-core')
const [executablePath, address, trial] = argv.slice(2)

// The frame that the page says, and the numbers that the pictures say; of a pane without one, its words. A page may
// not read another origin's picture: then it is the frame that the browser says.
const readPanes = () => ({
  frame: Number(document.documentElement.dataset.frame),
  numbers: [...document.querySelectorAll('figure:not([hidden])')].map((figure) => {
    const video = figure.querySelector('video')
    if (!video) return figure.querySelector('.screen p').textContent
    try {
      return readNumber(video)
    } catch (error) {
      if (error.name === 'SecurityError') return `frame ${video.dataset.frame}`
      throw error
    }
  }),
})

// Waits until nothing is sought or played any more.
async function settle(page) {
  await page.waitForFunction(
    () =>
      document.querySelector('#strip').getAttribute('aria-busy') === 'false' &&
      document.querySelector('#play').textContent === 'Play',
  )
  return page.evaluate(readPanes)
}

async function open(page, query = '') {
  await page.goto(address + query)
  await page.waitForFunction(() => document.documentElement.dataset.frame !== undefined)
}

async function clickStrip(page, share) {
  const box = await page.locator('#strip').boundingBox()
  await page.mouse.click(box.x + share * box.width, box.y + box.height / 2)
}

const trials = {
  // 40 jumps by pointer and 20 single steps.
  async seeks(page) {
    await open(page)
    const seen = []
    for (let number = 0; number < 40; number += 1) {
      await clickStrip(page, ((number * 0.618) % 1) * 0.998)
      seen.push(await settle(page))
    }
    for (let number = 0; number < 20; number += 1) {
      await page.keyboard.press(number < 12 ? 'ArrowRight' : 'ArrowLeft')
      seen.push(await settle(page))
    }
    return seen
  },

  // Dragging to and fro, without waiting for anything.
  async drag(page) {
    await open(page)
    await page.evaluate(() => {
      globalThis.sets = 0
      new MutationObserver(() => (sets += 1)).observe(document.documentElement, { attributeFilter: ['data-frame'] })
    })
    const box = await page.locator('#strip').boundingBox()
    const at = (share) => [box.x + share * box.width, box.y + 10]
    await page.mouse.move(...at(0.1))
    await page.mouse.down()
    for (const share of [0.9, 0.2, 0.7]) await page.mouse.move(...at(share), { steps: 40 })
    await page.mouse.up()
    return { ...(await settle(page)), sets: await page.evaluate(() => sets) }
  },

  async keys(page) {
    await open(page, '?frame=30')
    const told = { start: await settle(page) }
    const press = async (...keys) => {
      for (const key of keys) await page.keyboard.press(key)
      return settle(page)
    }
    told.steps = await press('ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowLeft')
    told.second = await press('Shift+ArrowRight')
    told.first = await press('Home')
    told.before = await press('ArrowLeft')
    told.last = await press('End')
    await press('Home')
    await page.keyboard.press('Space')
    await page.waitForFunction(() => Number(document.documentElement.dataset.frame) > 20)
    told.playing = await page.evaluate(() => [...document.querySelectorAll('video')].every((video) => !video.paused))
    told.paused = await press('k')
    await page.keyboard.press('j')
    await page.waitForFunction((from) => Number(document.documentElement.dataset.frame) < from - 8, told.paused.frame)
    told.back = await press('k')
    told.link = new URL(await (await page.waitForTimeout(500), page.url())).searchParams.get('frame')
    const heard = () => page.evaluate(() => [...document.querySelectorAll('video')].map((video) => !video.muted))
    told.heard = [await heard()]
    for (const key of ['2', '2', 'm', 'm']) {
      await page.keyboard.press(key)
      told.heard.push(await heard())
    }
    told.alone = (await press('Shift+Digit3')).numbers.length
    told.all = (await press('Shift+Digit3')).numbers.length
    await page.keyboard.press('?')
    told.help = await page.locator('#keys').evaluate((dialog) => dialog.open)
    await page.keyboard.press('Escape')
    const seen = new Set()
    for (let number = 0; number < 30; number += 1) {
      await page.keyboard.press('Tab')
      seen.add(await page.evaluate(() => document.activeElement.getAttribute('aria-label') || document.activeElement.textContent))
    }
    told.reached = [...seen]
    return told
  },

  // What axe-core finds, and what is wider than the window, at three sizes.
  async sizes(page) {
    const told = {}
    for (const [width, height] of [[320, 640], [1280, 720], [3840, 2160]]) {
      await page.setViewportSize({ width, height })
      await open(page, '?frame=60')
      await settle(page)
      await page.evaluate(require('axe-core').source)
      told[width] = await page.evaluate(async () => ({
        found: (await axe.run()).violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html}`)),
        wide: document.documentElement.scrollWidth - innerWidth,
        panes: [...document.querySelectorAll('.screen')].map((one) => one.getBoundingClientRect().width),
      }))
    }
    return told
  },

  // The waveforms as drawn: for each track, the share of the strip's width where it is loud.
  async waves(page) {
    await open(page)
    await page.waitForFunction(() => document.querySelector('#strip').dataset.drawn === '3')
    return page.evaluate(() =>
      [...document.querySelectorAll('#strip canvas')].map((canvas) => {
        const { width, height } = canvas
        const row = canvas.getContext('2d').getImageData(0, Math.floor(height / 8), width, 1).data
        const wave = Array.from({ length: width }, (_, x) => row[4 * x] > 100)
        return [wave.indexOf(true) / width, (wave.lastIndexOf(true) + 1) / width]
      }),
    )
  },

  // What is shown of many angles; then the last one, too, by its name.
  async many(page) {
    await open(page, '?frame=60')
    const first = await settle(page)
    const players = await page.evaluate(() => document.querySelectorAll('video').length)
    await page.locator('#names .name').last().click()
    return { first, players, more: await settle(page) }
  },

  async once(page) {
    await open(page, '?frame=60')
    const loaded = await page.evaluate(() => performance.getEntriesByType('resource').map((one) => new URL(one.name).origin))
    return { ...(await settle(page)), title: await page.title(), text: await page.evaluate(() => document.body.innerText), loaded }
  },
}

const browser = await chromium.launch({
  executablePath,
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
})
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } })
  const errors = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  await page.addInitScript(`globalThis.readNumber = ${readNumber}`)
  console.log(JSON.stringify({ told: await trials[trial](page), errors }))
} finally {
  await browser.close()
}
