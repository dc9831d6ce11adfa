"""DBT: code that nobody can reach, change or trust."""
