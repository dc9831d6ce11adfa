"""ENV: what the code runs on, and whether it is pinned."""
