"""The module and this machine: which addresses and ports stand for which."""

from typing import Final

from espat.scenario.schema.kinds import whole_number
from espat.scenario.schema.tables import Field, Pairs, Table
from espat.scenario.text.values import ENDPOINT, LISTEN_ADDRESS, PORT_KEY, TARGET

HOSTS: Final = Pairs("What the module addresses, and what your machine has.", ENDPOINT, TARGET, limit=4096, folded=True)
LISTEN: Final = Table(
    "Where servers of the module are on this machine.",
    {
        "address": Field(
            LISTEN_ADDRESS, "module n is at the nth address after it", "'127.0.0.1'", attribute="listen_address"
        ),
        "ports": Field(
            Pairs("The module's port, and yours.", PORT_KEY, whole_number(1, 65535), limit=1024, unique="a port"),
            "the module's ports and yours, as `{ 80 = 8080 }`",
        ),
    },
)

TABLES: Final = {"hosts": Field(HOSTS, ""), "listen": Field(LISTEN, "")}
