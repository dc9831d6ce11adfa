"""DET: what makes equal seeds give different numbers."""
