"""What the interface knows, apart from how it looks: no widget, no terminal, no file."""
