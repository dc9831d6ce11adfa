"""What reports and documentation say about a rule, without the rule itself."""

from __future__ import annotations

import msgspec

from reprocheck.model.finding import Confidence, Severity

FAMILIES: dict[str, str] = {
    "RNG": "randomness",
    "DET": "determinism",
    "DAT": "data",
    "ENV": "environment",
    "SKW": "train/serve skew",
    "EXP": "experiments and configuration",
    "ART": "artifacts",
    "DBT": "ML debt",
    "NTB": "notebooks",
    "LLM": "language-model calls",
    "TRN": "training correctness",
    "FRM": "data frames and arrays",
    "PRJ": "project practice",
    "RPC": "reprocheck itself",
}
"""Built-in code families and what they are about; users' rules have families of their own."""


class RuleInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Name, default levels and explanation of a rule."""

    code: str
    name: str
    severity: Severity
    confidence: Confidence
    summary: str
    """One sentence: what the rule finds."""
    why: str = ""
    """Markdown: why it matters."""
    fix: str = ""
    """Markdown: how to repair it."""
    notes: str = ""
    """Markdown: exceptions, limits and references."""
    origin: str = "reprocheck"
    """Distribution or file that the rule comes from."""

    @property
    def family(self) -> str:
        """Code without its digits."""
        return self.code.rstrip("0123456789")
