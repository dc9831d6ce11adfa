"""PRJ: how a project is kept, as far as its files show; the scorecard's evidence."""
