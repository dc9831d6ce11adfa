"""Knowledge about qualified names, as data: one `.toml` file per library or subject."""
