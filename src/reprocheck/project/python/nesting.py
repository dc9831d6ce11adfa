"""How hard a text would be on a recursive parser, told without parsing it.

libcst's parser descends natively, once per bracket, operator and link of a chain: without a bound a hostile file
overflows the stack and takes the process down, and its time grows with the square of a chain and the cube of a depth.
"""

from __future__ import annotations

import re

MAX_CHAIN = 2_000
"""Tokens that may lie on the way from a statement to its innermost expression."""
MAX_DEPTH = 100
"""Brackets or indents inside each other; `ast` itself stops at 200 and 100."""
MAX_WORK = 100_000_000
"""Squares of chains and cubes of depths, summed over the statements of a file: a few seconds."""

_TOKEN = re.compile(
    r"""(?P<blank>[ \t\f]+|\\\r?\n|\#[^\n]*)
    | (?P<string>(?:\b[A-Za-z]{1,2})?(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}
        |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
    | (?P<open>[(\[{])
    | (?P<close>[)\]}])
    | (?P<comma>,)
    | (?P<line>\n)
    | (?P<other>\w+|.)""",
    re.VERBOSE | re.DOTALL,
)
_INSIDE = re.compile(r"\w+|[^\w\s]")
_INDENT = re.compile(r"^([ \t]+)\S", re.MULTILINE)
_BRANCH = re.compile(r"^[ \t]*elif\b", re.MULTILINE)


def is_modest(text: str) -> bool:
    """Whether a recursive parser can be trusted with the text (LF line ends)."""
    if len({len(indent) for indent in _INDENT.findall(text)}) > MAX_DEPTH or len(_BRANCH.findall(text)) > MAX_CHAIN:
        return False
    chains = [0]
    # `chain` is the sum of `chains`: tokens since the last comma, on every level of brackets.
    chain = peak = deepest = work = 0
    for match in _TOKEN.finditer(text):
        match match.lastgroup:
            case "blank":
                continue
            case "open":
                chains.append(0)
                chain += 1
                chains[-1] = 1
                deepest = max(deepest, len(chains))
            case "close" if len(chains) > 1:
                chain -= chains.pop()
                chain += 1
                chains[-1] += 1
            case "comma":
                chain -= chains[-1]
                chains[-1] = 0
            case "line" if len(chains) == 1:
                work += peak * peak + 4 * deepest**3
                chain = chains[0] = peak = deepest = 0
            case "string" if "{" in match[0]:
                tokens = len(_INSIDE.findall(match[0]))
                chain += tokens
                chains[-1] += tokens
            case _:
                chain += 1
                chains[-1] += 1
        peak = max(peak, chain)
        if peak > MAX_CHAIN or deepest > MAX_DEPTH or work > MAX_WORK:
            return False
    return True
