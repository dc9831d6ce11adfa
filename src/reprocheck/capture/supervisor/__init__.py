"""The small process that sees every file access of a command through seccomp user notification.

It starts with few imports and only the standard library, so nothing in this package may import more than
`reprocheck.capture.hashing`.
"""
