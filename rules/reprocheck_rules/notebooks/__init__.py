"""NTB: notebooks."""
