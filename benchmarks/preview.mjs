// Measures how fast the preview page shows sets of frames in a real Chromium.
//
//   node preview.mjs CHROMIUM ADDRESS SEEKS DRAG_SECONDS
//
// Run it in a folder in which playwright-core is installed. Prints JSON: the number of panes, the milliseconds
// from each key press to the moment at which all panes show the frame, and sets of frames per second while the
// pointer drags across the whole strip.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { argv, cwd } from 'node:process'

const { chromium } = createRequire(join(cwd(), 'here.js'))('playwright-core')
const [executablePath, address, seeks, seconds] = argv.slice(2)

const browser = await chromium.launch({ executablePath, headless: true, args: ['--no-sandbox', '--disable-gpu'] })
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  await page.goto(address)
  await page.waitForFunction(() => document.documentElement.dataset.frame !== undefined)
  await page.evaluate(() => {
    globalThis.shown = []
    new MutationObserver(() => shown.push(performance.now())).observe(document.documentElement, {
      attributeFilter: ['data-frame'],
    })
  })
  const box = await page.locator('#strip').boundingBox()
  const point = (share) => [box.x + 1 + share * (box.width - 2), box.y + 10]

  const latencies = []
  for (let number = 0; number < Number(seeks); number += 1) {
    const wanted = (number * 0.618) % 1
    const start = await page.evaluate(() => ((shown.length = 0), performance.now()))
    await page.mouse.click(...point(wanted))
    await page.waitForFunction(() => shown.length > 0)
    latencies.push((await page.evaluate(() => shown[0])) - start)
  }

  await page.mouse.move(...point(0))
  await page.mouse.down()
  const start = Date.now()
  await page.evaluate(() => (shown.length = 0))
  for (let share = 0; share < 1; share = (Date.now() - start) / 1000 / Number(seconds)) {
    await page.mouse.move(...point(share))
  }
  const elapsed = (Date.now() - start) / 1000
  const sets = await page.evaluate(() => shown.length)
  await page.mouse.up()
  const panes = await page.locator('figure').count()
  console.log(JSON.stringify({ panes, latencies, dragFps: sets / elapsed }))
} finally {
  await browser.close()
}
