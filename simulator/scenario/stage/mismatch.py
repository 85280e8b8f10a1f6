"""The error of everything that is expected of a module or its world."""


class MismatchError(Exception):
    """Something came that the scenario does not allow, or did not come."""
