"""The terminal interface: the one door to textual."""
