"""One file per type of artifact; `reprocheck.compare.contents` holds the table."""
