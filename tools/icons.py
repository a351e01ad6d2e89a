"""Draw the icons of the installed application from static/icon.svg; run it after changing the drawing."""

from pathlib import Path

import vl_convert

STATIC = Path(__file__).parents[1] / "iop_schedule" / "static"
DRAWN_AT = 32

drawing = (STATIC / "icon.svg").read_text()
for size in (192, 512):
    sized = drawing.replace("<svg ", f'<svg width="{DRAWN_AT}" height="{DRAWN_AT}" ', 1)
    (STATIC / f"icon-{size}.png").write_bytes(vl_convert.svg_to_png(sized, scale=size / DRAWN_AT))
