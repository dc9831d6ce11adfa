"""Work in processes of its own, so that none of it keeps a key waiting."""
