// Reads a waveform with BBC's waveform-data, the reader that peaks.js uses, and tells what it is.
//
//   node read_waveform.mjs FILE ZOOM
//
// Runs in a folder where waveform-data is installed. Prints JSON: the header, the pixels of each
// channel, and the pixels after zooming out to ZOOM samples per pixel.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { argv, cwd } from 'node:process'

const WaveformData = createRequire(join(cwd(), 'here.js'))('waveform-data')

const [file, zoom] = argv.slice(2)
const bytes = readFileSync(file)
const waveform = WaveformData.create(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))

function pixels(of) {
  return Array.from({ length: of.channels }, (_, channel) => [
    of.channel(channel).min_array(),
    of.channel(channel).max_array(),
  ])
}

const { version } = waveform.toJSON()
const { sample_rate, scale, bits, length, channels, duration } = waveform
const zoomed = waveform.resample({ scale: Number(zoom) })
console.log(
  JSON.stringify({
    header: { version, sample_rate, scale, bits, length, channels, duration },
    pixels: pixels(waveform),
    zoomed: pixels(zoomed),
  }),
)
