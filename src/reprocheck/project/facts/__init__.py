"""Symbolic summaries of modules: what rules about several files see instead of syntax trees."""
