"""Pictures of the screens, to be looked at: `python tests/tui/pictures.py OUT [SCENE ...]`.

Each scene at 160x46, 80x24 and 60x20, as SVG and PNG. A browser, where there is one, draws braille
with the right font; without, cairosvg does.
"""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tui.staged import SCENES, SIZES, stage


async def take(name, size, out):
    async with stage(name, size) as (app, _):
        path = out / f"{name}-{size[0]}x{size[1]}.svg"
        path.write_text(app.export_screenshot(title=f"mcsyncd · {name}"))
    draw(path)


def draw(svg):
    """Draw an SVG as a PNG beside it."""
    png = svg.with_suffix(".png")
    browser = shutil.which("chromium")
    if browser is None:
        import cairosvg  # noqa: PLC0415  # only where there is no browser

        cairosvg.svg2png(url=str(svg), write_to=str(png), output_width=1400)
        return
    _, _, width, height = (
        float(part) for part in svg.read_text().split('viewBox="', 1)[1].split('"', 1)[0].split()
    )
    text = svg.read_text().replace("Fira Code", "DejaVu Sans Mono").replace("@font-face", "@ignored")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(f"<style>body{{margin:0}}svg{{display:block;width:{width}px}}</style>{text}")
        quiet = "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking"
        flags = [
            f"--{flag}"
            for flag in [*quiet.split(), "disable-component-update", "disable-sync", "hide-scrollbars"]
        ]
        size = f"--window-size={int(width) + 1},{int(height) + 1}"
        command = [
            browser,
            *flags,
            size,
            f"--user-data-dir={folder}/profile",
            f"--screenshot={png}",
            page.as_uri(),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)


async def main(out, names):
    out.mkdir(parents=True, exist_ok=True)
    for name in names or SCENES:
        for size in SIZES:
            await take(name, size, out)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))
