"""`skew --evidence`: what the same samples on both sides say of findings, kept in the ledger."""

from __future__ import annotations

import shlex

from reprocheck.app.evidence import SKEW, Learned, evidence_about, keep, reader
from reprocheck.app.skew import SkewRequest
from reprocheck.config import Config
from reprocheck.model.ledger import Outcome
from reprocheck.model.skew import Skew

_OUTCOMES = {"confirmed": Outcome.CONFIRMED, "not observed": Outcome.NOT_OBSERVED}


def learn(config: Config, request: SkewRequest, skew: Skew) -> Learned:
    """Write what the comparison says of findings to the ledger; returns what is new there. Raises LedgerError.

    Agreement refutes nothing: nobody saw the lines that part do their work on these samples.
    """
    files = (file.name for file in request.data)
    command = shlex.join(["reprocheck", "skew", request.train, request.serve, *(f"--data={name}" for name in files)])
    read = reader(config)
    learned = [
        evidence_about(
            spoken.finding, read, command=command, factor=SKEW, outcome=_OUTCOMES[spoken.stance],
            runs=skew.train.samples,
        )
        for spoken in skew.findings
        if spoken.stance in _OUTCOMES
    ]  # fmt: skip
    left = [spoken.finding for spoken in skew.findings if spoken.stance not in _OUTCOMES]
    reasons = [f"{found.code} at {found.place.path}:{found.place.span.line} is left open" for found in left]
    if not skew.findings:
        reasons.append("no finding is about these two callables")
    return Learned(keep(config, learned), tuple(reasons))
