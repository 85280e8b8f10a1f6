"""The world outside the modules, as data."""
