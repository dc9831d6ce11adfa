"""Which findings are known already: matching across edits, and the baseline file."""
