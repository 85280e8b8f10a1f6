"""What Ai-Thinker's firmware prints otherwise than ESP-AT."""

from espat.commands import softap
from espat.core.at.registry import CommandTable
from espat.module import Module
from espat.stack.address import Address
from espat.stack.softap_interface import SOFTAP_LEASED

table = CommandTable()


@table.report(SOFTAP_LEASED)
def leased(module: Module, mac: bytes, address: Address) -> None:
    """+DIST_STA_IP, twice: so in the captured session of softAP provisioning."""
    for _ in range(2):
        softap.leased(module, mac, address)
