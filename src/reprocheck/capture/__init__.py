"""Captures one run: launches a command under supervisor and agent, asks the machine, composes the record."""
