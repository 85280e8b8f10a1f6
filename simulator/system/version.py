"""What AT+GMR shows of a firmware."""

from typing import NamedTuple


class FirmwareVersion(NamedTuple):
    """Each part without its label."""

    core: bytes
    """Version, commit, chip and date of the AT core: `<version>(<commit> - <chip> - <Mon dd yyyy> <hh:mm:ss>)`."""
    sdk: bytes
    commit: bytes
    """Of the application."""
    compiled: bytes
    """When the application was built: `<Mon dd yyyy> <hh:mm:ss>`."""
    application: bytes
    module_name: bytes = b""
    """Where the flash does not say it."""
