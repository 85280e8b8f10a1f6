"""The gallery: scenarios that come with the simulator, of situations that firmware authors fear."""

from pathlib import Path
from typing import Final

NAME: Final = "gallery"
PACKAGE: Final = Path(__file__).parents[2]
PLACES: Final = (PACKAGE / NAME, PACKAGE.parent / "scenarios" / NAME)
"""Where it is: in the package when that is installed; in a tree, which an editable installation is too, where it is
edited."""


def from_gallery(path: Path) -> Path:
    """What `gallery` and `gallery/NAME.yaml` stand for; a path that is there, and any other, is itself."""
    if path.parts[:1] != (NAME,) or path.exists():
        return path
    place = next((place for place in PLACES if place.is_dir()), None)
    return path if place is None else place.joinpath(*path.parts[1:])
