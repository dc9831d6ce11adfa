"""What runs inside the user's process: it watches, writes a journal and changes nothing.

It is loaded by `site/sitecustomize.py` under a name of its own, in whatever interpreter the user has: standard library
only, the grammar of Python 3.8, and never an import of the package around it.
"""
