"""AT+CMD: the commands of the firmware (ESP-AT User Guide, AT+CMD)."""

from espat.core.at.answers import Line
from espat.core.at.grammar import Form
from espat.core.at.registry import CommandTable
from espat.module import Module

table = CommandTable()

FORMS = (Form.TEST, Form.QUERY, Form.SET, Form.EXECUTE)


@table.command("AT+CMD", Form.QUERY)
def command_list(module: Module) -> list[Line]:
    """AT+CMD?: each command with a 1 for each form it has."""
    lines = []
    for index, (name, forms) in enumerate(module.firmware.command_list()):
        flags = b",".join(b"%d" % (form in forms) for form in FORMS)
        lines.append(Line(b'+CMD:%d,"%b",%b' % (index, name.encode(), flags)))
    return lines
