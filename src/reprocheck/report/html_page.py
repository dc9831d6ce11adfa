"""One HTML page that needs nothing else: no font, no image, nothing from outside, no script but the tool's own."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from reprocheck.report.xml_text import marked_up

if TYPE_CHECKING:
    from collections.abc import Iterable

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""What the page may load: its own style and nothing else, whatever a scanned file smuggles in."""
_STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --dim: #5b6570; --paper: #ffffff; --panel: #f4f6f8; --line: #d9dee3;
  --good: #1a7f4b; --fair: #9a6700; --poor: #c0362c; --note: #2b62b8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --dim: #9aa5b0; --paper: #14171a; --panel: #1d2226;
  --line: #333b43; --good: #4cc38a; --fair: #e2b340; --poor: #f2766b; --note: #7fb0f5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 66rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; overflow-wrap: anywhere; }
p { margin: .4rem 0; } .dim { color: var(--dim); } .small { font-size: .875rem; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .875em; }
code { overflow-wrap: anywhere; }
pre { background: var(--panel); padding: .6rem .8rem; overflow-x: auto; margin: .5rem 0; border-radius: 6px; }
mark { background: none; color: inherit; text-decoration: underline wavy var(--poor) 1px; }
.heads { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .75rem; margin: 1rem 0; }
.card { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; }
.card b { font-size: 1.5rem; display: block; } .bar { height: 6px; border-radius: 3px; background: var(--line); }
.bar i { display: block; height: 100%; border-radius: 3px; background: var(--poor); }
.bar.good i { background: var(--good); } .bar.fair i { background: var(--fair); }
.item, .finding, .run { border-left: 4px solid var(--line); padding: .1rem 0 .1rem .9rem; margin: 1rem 0; }
.met { border-color: var(--good); } .partly, .warning { border-color: var(--fair); }
.missing, .error { border-color: var(--poor); } .note { border-color: var(--note); }
.tag { font-size: .75rem; border: 1px solid var(--line); border-radius: 4px; padding: 0 .35rem; margin-right: .4rem;
  white-space: nowrap; } .aside { opacity: .65; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem .9rem; margin: .35rem 0; }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; } ol, ul { margin: .3rem 0; padding-left: 1.4rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } td, th { text-align: left; padding: .3rem .6rem;
  border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
summary { cursor: pointer; } a { color: var(--note); }
.finding, .run { scroll-margin-top: 4rem; }
:is(.finding, .run) > summary:focus-visible { outline: 2px solid var(--note); }
.file { content-visibility: auto; contain-intrinsic-size: auto 20rem; } [hidden] { display: none !important; }
.heat { width: auto; margin: 1rem 0; } .heat th { font-weight: normal; } .heat td { text-align: right; padding: 0;
  background: color-mix(in srgb, var(--fair) var(--share, 0%), transparent); min-width: 3rem; }
.heat td:not(:has(button)) { padding: .3rem .6rem; } .heat button { all: unset; box-sizing: border-box; width: 100%;
  padding: .3rem .6rem; text-align: right; cursor: pointer; } .heat button:hover { text-decoration: underline; }
.heat button:focus-visible, .heat button[aria-pressed=true] { outline: 2px solid var(--note); outline-offset: -2px; }
#controls { position: sticky; top: 0; background: var(--paper); padding: .5rem 0; display: flex; gap: .75rem;
  align-items: center; flex-wrap: wrap; z-index: 1; } #filter { flex: 1 1 20rem; font: inherit; padding: .35rem .6rem;
  background: var(--panel); color: var(--ink); border: 1px solid var(--line); border-radius: 6px; }
#toggle { font: inherit; padding: .35rem .6rem; color: var(--ink); background: var(--panel); cursor: pointer;
  border: 1px solid var(--line); border-radius: 6px; } .trail details > summary { cursor: pointer; }
@media print { body { max-width: none; } #controls { display: none; } .item, .finding, .card { break-inside: avoid; } }
"""


def policy(script: str) -> str:
    """What the page may load; of scripts only this text, whatever a scanned file smuggles in."""
    if not script:
        return POLICY
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"{POLICY}; script-src 'sha256-{digest}'"


@cache
def _script(name: str) -> str:
    return files("reprocheck.report").joinpath(name).read_text("utf-8")


def page(title: str, body: Iterable[str], *, behaviour: str = "") -> str:
    """A whole document around lines that are HTML already; `behaviour` names a script of the tool's own."""
    script = _script(behaviour) if behaviour else ""
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy(script)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{marked_up(title)}</title>",
            f"<style>{_STYLE}</style>",
            "</head>",
            "<body>",
            *body,
            *([f"<script>{script}</script>"] if script else []),
            "</body>",
            "</html>",
            "",
        ]
    )
