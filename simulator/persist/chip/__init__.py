"""The flash chip, and the file that keeps it."""
