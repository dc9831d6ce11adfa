"""`reprocheck explain FINGERPRINT`: one finding of the project with its whole trail."""

from __future__ import annotations

import re

import msgspec

from reprocheck.app.errors import UsageError
from reprocheck.app.explain_divergence import EXPLAINING
from reprocheck.app.explain_replay import with_families
from reprocheck.app.scan_project import Progress, ScanRequest, scan_project
from reprocheck.config import Config
from reprocheck.model.finding import Confidence
from reprocheck.model.scan_result import ScanResult

FINGERPRINT = re.compile(r"[0-9a-f]{4,16}")
"""A fingerprint or the beginning of one."""


def find_finding(config: Config, fingerprint: str, progress: Progress) -> ScanResult:
    """The findings of the project with that fingerprint (twins share it); raises UsageError when there is none.

    Where none of those that are reported has it, it may be one that a replay named: of a rule that is not sure, or off.
    """
    unsure = msgspec.structs.replace(config, min_confidence=Confidence.LOW)
    for chosen in (config, unsure, with_families(unsure, EXPLAINING)):
        result = scan_project(ScanRequest(config=chosen), progress).result
        found = tuple(finding for finding in result.findings if finding.fingerprint.startswith(fingerprint))
        if found:
            break
    else:
        raise UsageError(
            f"no finding has the fingerprint {fingerprint}; `reprocheck scan -v` shows them as ids, "
            "`--min-confidence low` those that are hidden"
        )
    if len({finding.fingerprint for finding in found}) > 1:
        raise UsageError(f"{len(found)} findings have fingerprints that begin with {fingerprint}; give more of it")
    return msgspec.structs.replace(result, findings=found)
