"""Several things to send on one link at a time, while the peer does not read: each goes out whole and in turn."""

from tests.hosts import linked
from tests.texts import CONNECTED, LOST, PROMPT
from tests.workbench import Workbench

WINDOW = 5760


async def test_a_segment_of_the_buffer_and_a_command() -> None:
    async with linked(dialect="esp8266-v0.30", reads=False) as (bench, host):
        for number, end in ((1, b"\r\n1,SEND OK\r\n"), (2, b"\r\n2,SEND OK\r\n"), (3, b"")):
            await bench.command(b"AT+CIPSENDBUF=2000")
            assert await bench.send(b"%d" % number * 2000) == b"\r\nRecv 2000 bytes\r\n" + end
        await bench.command(b"AT+CIPSEND=1000")
        assert await bench.send(b"4" * 1000) == b"\r\nRecv 1000 bytes\r\n"
        host.connection.read()
        assert await bench.settle() == b"\r\n3,SEND OK\r\n\r\nSEND OK\r\n"
        assert host.connection.received == b"1" * 2000 + b"2" * 2000 + b"3" * 2000 + b"4" * 1000


async def cut_off_with_a_full_window(bench: Workbench) -> None:
    """Fill the window, lose the network, send a little more, and have the network back."""
    assert await bench.command(b"AT+CIPSEND=%d" % WINDOW) == PROMPT
    assert (await bench.send(b"a" * WINDOW)).endswith(b"SEND OK\r\n")
    bench.simulation.access_point(b"espressif").switch_off()
    assert await bench.advance(6) == LOST
    assert await bench.command(b"AT+CIPSEND=3") == PROMPT
    assert (await bench.send(b"bbb")).endswith(b"SEND OK\r\n")
    bench.simulation.access_point(b"espressif").switch_on()
    assert await bench.advance(1) == CONNECTED


async def test_the_network_comes_back_twice_while_what_was_held_waits_for_the_peer() -> None:
    async with linked(b"AT+CIPCONNPERSIST=1", reads=False) as (bench, host):
        await cut_off_with_a_full_window(bench)
        assert await bench.command(b"AT+CIPSEND=3") == PROMPT
        assert (await bench.send(b"ccc")).endswith(b"SEND OK\r\n")
        bench.simulation.access_point(b"espressif").switch_off()
        assert await bench.advance(6) == LOST
        bench.simulation.access_point(b"espressif").switch_on()
        assert await bench.advance(1) == CONNECTED
        host.connection.read()
        assert await bench.settle() == b""
        assert host.connection.received == b"a" * WINDOW + b"bbbccc"
        assert await bench.command(b"AT+CIPSEND=1") == PROMPT
        assert (await bench.send(b"d")).endswith(b"SEND OK\r\n")
        assert host.connection.received.endswith(b"cccd")


async def test_a_network_that_is_gone_again_before_what_was_held_is_out() -> None:
    async with linked(b"AT+CIPCONNPERSIST=1", reads=False) as (bench, host):
        await cut_off_with_a_full_window(bench)
        bench.simulation.access_point(b"espressif").switch_off()
        assert await bench.advance(6) == LOST
        host.connection.read()
        await bench.settle()
        host.connection.taken()
        assert await bench.command(b"AT+CIPSEND=3") == PROMPT
        assert (await bench.send(b"ddd")).endswith(b"SEND OK\r\n")
        assert host.connection.taken() == b""
        bench.simulation.access_point(b"espressif").switch_on()
        assert await bench.advance(1) == CONNECTED
        assert host.connection.taken() == b"ddd"
