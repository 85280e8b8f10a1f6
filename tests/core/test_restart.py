"""What a restart does to the port: on a whole module, with and without the time a boot takes."""

from espat.core.at.engine import Engine
from espat.core.restart import Restart
from tests.workbench import workbench

BOOT = 1.21


async def test_a_restart_answers_and_is_ready_again() -> None:
    async with workbench() as bench:
        assert await bench.send(b"AT+RST\r\n") == b"AT+RST\r\n\r\nOK\r\n\r\nready\r\n"
        assert await bench.send(b"AT\r\n") == b"AT\r\n\r\nOK\r\n"


async def test_a_restart_takes_the_time_of_a_boot_and_input_meanwhile_is_lost() -> None:
    async with workbench(profile="real") as bench:
        await bench.send(b"AT+RST\r\n")
        printed = await bench.advance(0.01)
        assert printed == b"\r\nOK\r\n"
        assert await bench.send(b"AT\r\n", b"AT", b"?", b"AT+RST\r\n") == b""
        assert await bench.advance(BOOT - 0.02) == b""
        assert await bench.send(b"AT+GM") == b""
        assert await bench.advance(0.02) == b"\r\nready\r\n"
        assert await bench.send(b"AT\r\n") == b"AT\r\n"
        assert await bench.advance(0.01) == b"\r\nOK\r\n"


async def test_a_restart_brings_the_echo_back_and_hides_the_error_codes() -> None:
    async with workbench() as bench:
        await bench.send(b"ATE0\r\n")
        bench.module[Engine].syslog = True
        assert await bench.send(b"AT+NONE\r\n") == b"ERR CODE:0x01090000\r\n\r\nERROR\r\n"
        assert await bench.send(b"AT+RST\r\n") == b"\r\nOK\r\n\r\nready\r\n"
        assert await bench.send(b"AT+NONE\r\n") == b"AT+NONE\r\n\r\nERROR\r\n"


async def test_half_a_line_does_not_survive_a_restart() -> None:
    async with workbench() as bench:
        await bench.send(b"ATE0\r\n", b"AT+GM")
        bench.module.boot.restart(Restart())
        assert await bench.settle() == b"\r\nready\r\n"
        assert await bench.send(b"R\r\n") == b"R\r\n\r\nERROR\r\n"


async def test_a_restart_while_a_command_runs() -> None:
    async with workbench(profile="real") as bench:
        assert await bench.send(b"AT\r\n", b"at+rst\r\n") == b"AT\r\n\r\nWill force to restart!!!\r\n\r\nOK\r\n"
        assert await bench.advance(BOOT) == b"\r\nready\r\n"


async def test_a_restart_and_more_in_one_chunk() -> None:
    async with workbench() as bench:
        assert await bench.send(b"AT+RST\r\nAT\r\n") == b"AT+RST\r\n\r\nbusy p...\r\n\r\nOK\r\n\r\nready\r\n"
