"""The graph of artifacts as a page, as a description for Graphviz, and as data."""
