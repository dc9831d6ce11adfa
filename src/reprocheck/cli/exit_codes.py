"""What the exit code of a command means."""

CLEAN = 0
"""Nothing found, or reproduced."""
FOUND = 1
"""Findings at or above `--fail-on`; outranks INCOMPLETE."""
USAGE = 2
"""The request or the configuration is wrong."""
INTERNAL = 3
"""A defect of reprocheck."""
INCOMPLETE = 4
"""Something could not be looked at."""
NOTHING = 5
"""There was nothing to do."""
