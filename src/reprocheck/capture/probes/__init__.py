"""Questions about what a run stood on; each answers with a value or a gap, in bounded time, whatever is missing."""
