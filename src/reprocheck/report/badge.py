"""A badge for a README: what replays have proved of a run."""

from __future__ import annotations

from html import escape

_CHARACTER = 6.6
"""Width of a character at 11 pixels, on average."""
_PADDING = 10
COLOURS = {"identical": "#2e7d32", "equivalent": "#558b2f", "divergent": "#c62828", "inconclusive": "#9e6a03"}
_UNKNOWN = "#616161"
_LEFT = "reprocheck"


def badge_svg(outcome: str, sentence: str) -> str:
    """An SVG image that needs nothing from elsewhere."""
    left, right = (round(len(text) * _CHARACTER + _PADDING) for text in (_LEFT, sentence))
    width, said = left + right, escape(sentence)
    colour = COLOURS.get(outcome, _UNKNOWN)
    font = 'font-family="DejaVu Sans,Verdana,Geneva,sans-serif" font-size="11" text-anchor="middle"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" '
        f'aria-label="{_LEFT}: {said}"><title>{_LEFT}: {said}</title>'
        f'<rect width="{left}" height="20" fill="#424242"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/>'
        f'<g fill="#fff" {font}><text x="{left / 2:g}" y="14">{_LEFT}</text>'
        f'<text x="{left + right / 2:g}" y="14">{said}</text></g></svg>\n'
    )


def badge_endpoint(outcome: str, sentence: str) -> dict[str, object]:
    """What services that draw badges themselves ask for (shields.io, endpoint schema 1)."""
    return {
        "schemaVersion": 1,
        "label": _LEFT,
        "message": sentence,
        "color": COLOURS.get(outcome, _UNKNOWN).lstrip("#"),
    }
