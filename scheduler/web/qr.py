"""QR codes (ISO/IEC 18004) of addresses, for a phone's camera."""

import segno

QUIET = 4
"""Modules of white that the standard asks for around a code."""


def picture_of(text: str) -> str:
    """A text's code as an SVG element: UTF-8, correction of level M or better, no style of its own."""
    code = segno.make_qr(text, error="m", encoding="utf-8")
    return code.svg_inline(border=QUIET, omitsize=True, svgclass=None, lineclass=None)
