"""DAT: where data comes from, and what leaks."""
