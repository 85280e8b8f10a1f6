"""Settings that survive a restart: where they are kept, and when they are written (ESP-AT User Guide, AT+SYSSTORE).

A room declares a setting where it lives:

    class Station:
        reconnect_interval = Setting("NVM_017", "interval", 0)

Reading gives the value in RAM. Assigning changes it there and, if AT+SYSSTORE allows or the setting is always
stored, in flash. After a restart flash wins.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any, Generic, Protocol, TypeVar, overload

from espat.core.suggestions import expected
from espat.persist.stored_values import right_value

log = logging.getLogger(__name__)

Value = TypeVar("Value", int, bytes)
Room = TypeVar("Room")


class SettingsStore(Protocol):
    """Where settings live in flash: a namespace and a key to a number or bytes."""

    def read(self, namespace: str, key: str) -> int | bytes | None:
        """The stored value, or None."""

    def write(self, namespace: str, key: str, value: int | bytes) -> None:
        """Store a value. An unchanged value is not written."""

    def erase(self) -> None:
        """Forget everything."""


class Settings:
    """The settings of one boot: the store, and whether AT+SYSSTORE lets new values reach it."""

    def __init__(self, store: SettingsStore, *, stores: bool = True) -> None:
        self.store = store
        self.stores = stores
        self._told: set[tuple[str, str]] = set()

    def takes(self, namespace: str, key: str, value: int | bytes) -> bool:
        """Whether a stored value is one that the firmware may have written; what is none is said once."""
        right = right_value(namespace, key, value)
        if right is None:
            return True
        if (namespace, key) not in self._told:
            self._told.add((namespace, key))
            found = str(value) if isinstance(value, int) else f"{len(value)} bytes"  # which may be a password
            log.error("the flash: %s %s: %s; the default is taken", namespace, key, expected(right, found))
        return False

    @contextmanager
    def volatile(self) -> Iterator[None]:
        """Keep what is set meanwhile from flash, unless it is always stored."""
        before, self.stores = self.stores, False
        try:
            yield
        finally:
            self.stores = before


class HasSettings(Protocol):
    """What owns settings."""

    @property
    def settings(self) -> Settings: ...


class Setting(Generic[Value]):
    """One setting of the object it is declared in, which has a `settings` attribute."""

    @overload
    def __init__(self, namespace: str, key: str, default: Callable[[Any], Value], *, always: bool = False) -> None: ...
    @overload
    def __init__(self, namespace: str, key: str, default: Value, *, always: bool = False) -> None: ...
    def __init__(
        self, namespace: str, key: str, default: Value | Callable[[Any], Value], *, always: bool = False
    ) -> None:
        """`default`: the factory value, or a function of the owner. `always`: stored whatever AT+SYSSTORE says."""
        self._namespace = namespace
        self._key = key
        self._default: Value | Callable[[Any], Value] = default
        self._always = always
        self._attribute = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._attribute = name

    @overload
    def __get__(self, instance: None, owner: type) -> "Setting[Value]": ...
    @overload
    def __get__(self, instance: HasSettings, owner: type) -> Value: ...
    def __get__(self, instance: HasSettings | None, owner: type) -> "Setting[Value] | Value":
        if instance is None:
            return self
        values = instance.__dict__
        if self._attribute not in values:
            stored = instance.settings.store.read(self._namespace, self._key)
            if stored is not None and not instance.settings.takes(self._namespace, self._key, stored):
                stored = None
            if stored is None:
                stored = self._default(instance) if callable(self._default) else self._default
            values[self._attribute] = stored
        value: Value = values[self._attribute]
        return value

    def __set__(self, instance: HasSettings, value: Value) -> None:
        instance.__dict__[self._attribute] = value
        if self._always or instance.settings.stores:
            instance.settings.store.write(self._namespace, self._key, value)


def stored(room: Room) -> Room:
    """A room as flash has it: the same, but that its settings are what they would be after a restart. For reading."""
    twin = copy(room)
    for kind in type(room).__mro__:
        for attribute, declared in vars(kind).items():
            if isinstance(declared, Setting):
                vars(twin).pop(attribute, None)
    return twin
