"""The flash files of the modules of a simulation."""

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from espat.dialects.names import RUNNABLE, variants_of
from espat.persist.storage import Storage, copy_storage, open_storage
from espat.persist.variants import VARIANTS
from espat.scenario.world.world import ModuleConfiguration


def open_flash_files(modules: Iterable[ModuleConfiguration], *, copies: bool = False) -> list[Storage | None]:
    """The flash of each module, which is for its firmware; None for those that have no file. A file is made when there
    is none. `copies`: what the files hold is read, and they stay as they are. Raises FlashFileError."""
    storages: list[Storage | None] = []
    with ExitStack() as exits:
        for module in modules:
            storage = None if module.flash is None else _open(module, Path(module.flash), copies)
            storages.append(storage)
            if storage is not None:
                exits.callback(storage.close)
        exits.pop_all()
    return storages


def _open(module: ModuleConfiguration, path: Path, copies: bool) -> Storage:
    variants = list(variants_of(module.dialect or RUNNABLE[0]).values())
    variant = VARIANTS[module.variant] if module.variant is not None else None
    return (copy_storage if copies else open_storage)(path, variant, variants=variants)
