"""Clients of the server: how many, AT+CIPSERVERMAXCONN, and the silent ones, AT+CIPSTO."""

from tests.network import START, answer, ended, expect, reset, sends, server, some_clients, soon, tcp_peer
from tests.stations import around, station
from tests.texts import ERROR, OK


async def test_five_clients_and_a_sixth() -> None:
    async with server() as bench, some_clients() as clients:
        streams = [await clients.link(bench, number) for number in range(5)]
        await ended(await clients.one())
        await expect(bench, b"Have 5 Connections\r\n")
        for number, stream in enumerate(streams):
            await sends(bench, number, b"to %d" % number, stream)
            await stream.send_all(b"from %d" % number)
            await expect(bench, b"\r\n+IPD,%d,6:from %d\r\n" % (number, number))
        assert await answer(bench, b'AT+CIPSTART=0,"TCP","192.168.3.102",80', ERROR) == ERROR
        assert await answer(bench, b'AT+CIPSTARTEX="TCP","192.168.3.102",80', ERROR) == ERROR
        await streams[2].aclose()
        await expect(bench, b"2,CLOSED\r\n")
        await clients.link(bench, 2)


async def test_a_client_shows_its_address_and_port() -> None:
    async with server(b"AT+CIPDINFO=1", b"AT+SYSMSG=2") as bench, some_clients() as clients:
        stream = await clients.one()
        port = stream.socket.getsockname()[1]
        await expect(bench, b'+LINK_CONN:0,0,"TCP",1,"192.168.3.102",%d,20333\r\n' % port)
        state = b'+CIPSTATE:0,"TCP","192.168.3.102",%d,20333,1\r\n' % port
        assert await bench.command(b"AT+CIPSTATE?") == state + OK
        await stream.send_all(b"hi")
        await expect(bench, b'\r\n+IPD,0,2,"192.168.3.102",%d:hi\r\n' % port)
        assert await bench.command(b"AT+CIPCLOSE=0") == b"0,CLOSED\r\n" + OK
        await ended(stream)


async def test_link_numbers_are_shared_with_the_modules_own_links() -> None:
    async with tcp_peer() as peer, server() as bench, some_clients() as clients:
        for number in (0, 3):
            line = b'AT+CIPSTART=%d,"TCP","192.168.3.102",%d' % (number, peer.port)
            assert await answer(bench, line) == b"%d,CONNECT\r\n" % number + OK
        for number in (1, 2, 4):
            await clients.link(bench, number)
        await ended(await clients.one())
        assert await bench.command(b"AT+CIPCLOSE=0") == b"0,CLOSED\r\n" + OK
        await clients.link(bench, 0)
        roles = [line.rpartition(b",")[2] for line in (await bench.command(b"AT+CIPSTATE?")).split(b"\r\n")[:5]]
        assert roles == [b"1", b"1", b"1", b"0", b"1"]


async def test_most_clients() -> None:
    async with station(around(), b"AT+CIPMUX=1") as bench, some_clients() as clients:
        assert await bench.command(b"AT+CIPSERVERMAXCONN?") == b"+CIPSERVERMAXCONN:5\r\n" + OK
        assert await bench.command(b"AT+CIPSERVERMAXCONN=2") == OK
        assert await bench.command(b"AT+CIPSERVERMAXCONN?") == b"+CIPSERVERMAXCONN:2\r\n" + OK
        assert await answer(bench, START) == OK
        assert await answer(bench, b"AT+CIPSERVERMAXCONN=3", ERROR) == ERROR
        streams = [await clients.link(bench, number) for number in range(2)]
        await ended(await clients.one())
        await expect(bench, b"Have 2 Connections\r\n")
        assert await answer(bench, b"AT+CIPSERVERMAXCONN=3", ERROR) == b"Have 2 Connections\r\n" + ERROR
        await streams[0].aclose()
        await expect(bench, b"0,CLOSED\r\n")
        await clients.link(bench, 0)
        assert await bench.command(b"AT+CIPSERVER=0,1") == b"0,CLOSED\r\n1,CLOSED\r\n" + OK
        assert await bench.command(b"AT+CIPSERVERMAXCONN=5") == OK


async def test_clients_that_stayed_behind_count_for_the_next_server() -> None:
    async with server(b"AT+CIPSERVERMAXCONN=1") as bench, some_clients() as clients:
        await clients.link(bench, 0)
        assert await bench.command(b"AT+CIPSERVER=0") == OK
        assert await answer(bench, START) == OK
        await ended(await clients.one())


async def test_a_client_that_resets_at_once() -> None:
    async with server() as bench, some_clients() as clients:
        for _ in range(3):
            stream = await clients.one()
            reset(stream)
            printed = await soon(bench.port.read_until(b"0,CLOSED\r\n"))
            assert printed == b"0,CONNECT\r\n0,CLOSED\r\n"
        await clients.link(bench, 0)


async def test_fifty_clients_against_five_links() -> None:
    async with server() as bench, some_clients() as clients:
        streams = [await clients.one() for _ in range(50)]
        for number in range(5):
            await expect(bench, b"%d,CONNECT\r\n" % number)
        for stream in streams[5:]:
            await ended(stream)
            await expect(bench, b"Have 5 Connections\r\n")
        assert await bench.command(b"AT") == OK
        for number, stream in enumerate(streams[:5]):
            await sends(bench, number, bytes(range(256)), stream)


async def test_a_client_that_sends_everything_and_half_closes() -> None:
    data = bytes(range(256)) * 40
    async with server() as bench, some_clients() as clients:
        stream = await clients.link(bench, 0)
        await stream.send_all(data)
        await stream.send_eof()
        printed = await soon(bench.port.read_until(b"0,CLOSED\r\n"))
        received = b""
        while printed != b"0,CLOSED\r\n":
            head, _, rest = printed.removeprefix(b"\r\n+IPD,0,").partition(b":")
            received += rest[: int(head)]
            printed = rest[int(head) :].removeprefix(b"\r\n")
        assert received == data


# AT+CIPSTO


async def test_silent_clients_are_closed_and_the_modules_own_links_are_not() -> None:
    async with tcp_peer() as peer, server() as bench, some_clients() as clients:
        assert await bench.command(b"AT+CIPSTO?") == b"+CIPSTO:0\r\n" + OK
        stream = await clients.link(bench, 0)
        line = b'AT+CIPSTART=3,"TCP","192.168.3.102",%d' % peer.port
        assert await answer(bench, line) == b"3,CONNECT\r\n" + OK
        assert await bench.advance(10000) == b""
        assert await bench.command(b"AT+CIPSTO=10") == OK + b"0,CLOSED\r\n"  # which has been silent for long enough
        await ended(stream)
        assert await bench.advance(10000) == b""


async def test_traffic_either_way_restarts_the_idle_time() -> None:
    async with server(b"AT+CIPSTO=10") as bench, some_clients() as clients:
        assert await bench.command(b"AT+CIPSTO?") == b"+CIPSTO:10\r\n" + OK
        silent, speaking, spoken_to = [await clients.link(bench, number) for number in range(3)]
        assert await bench.advance(6) == b""
        await speaking.send_all(b"x")
        await expect(bench, b"\r\n+IPD,1,1:x\r\n")
        await sends(bench, 2, b"y", spoken_to)
        assert await bench.advance(3.9) == b""
        assert await bench.advance(0.1) == b"0,CLOSED\r\n"
        await ended(silent)
        assert await bench.advance(5.9) == b""
        assert await bench.advance(0.1) == b"1,CLOSED\r\n2,CLOSED\r\n"
        await ended(speaking)
        stream = await clients.link(bench, 0)
        assert await bench.command(b"AT+CIPSTO=0") == OK
        assert await bench.advance(10000) == b""
        await sends(bench, 0, b"still here", stream)


async def test_what_a_silent_client_has_sent_can_still_be_read() -> None:
    async with server(b"AT+CIPSTO=10", b"AT+CIPRECVTYPE=5,1") as bench, some_clients() as clients:
        stream = await clients.link(bench, 0)
        await stream.send_all(b"for later")
        await expect(bench, b"\r\n+IPD,0,9\r\n")
        assert await bench.advance(10) == b""
        await ended(stream)
        assert await bench.advance(1000) == b""
        assert await bench.command(b"AT+CIPRECVDATA=0,4") == b"+CIPRECVDATA:4,for " + OK + b"\r\n+IPD,0,5\r\n"
        assert await bench.command(b"AT+CIPRECVDATA=0,9") == b"+CIPRECVDATA:5,later" + OK + b"0,CLOSED\r\n"
