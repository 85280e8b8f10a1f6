"""The MQTT client of a module."""
