"""What a user is told of an error of the system."""


def reason(error: Exception) -> str:
    """Its text; of a file that cannot be used its name and why, without the number of the error."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)
