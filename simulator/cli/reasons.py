"""What a user is told of an error of the system."""

import errno


def reason(error: BaseException) -> str:
    """Its text; of a file that cannot be used its name and why, without the number of the error."""
    if isinstance(error, OSError) and error.strerror is not None:
        return error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
    return str(error)


def is_of_output(error: Exception) -> bool:
    """Whether it is nobody's mistake in a file: what is printed finds no reader, or no room."""
    return isinstance(error, BrokenPipeError) or (
        isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None
    )
