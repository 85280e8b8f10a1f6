"""A software simulator of an Espressif ESP-AT module."""

__version__ = "0.1.0"
