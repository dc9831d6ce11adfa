"""ART: models and other files that outlive a run."""
