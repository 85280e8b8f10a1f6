"""Programs from outside that some tests need."""

import os
import shutil

import pytest


def need_program(name: str, package: str) -> str:
    """The path of a program; without it the test is skipped, or fails where everything has to be there."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin")  # where Debian has servers
    if path is None:
        reason = f"needs {name}: apt-get install {package}"
        if os.environ.get("ESPAT_CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path
