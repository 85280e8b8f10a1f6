"""Ai-Thinker's build: the captured softAP provisioning, byte for byte, with a phone."""

from espat.radio.security import SECURITIES
from espat.scenario.world.world import AccessPointConfiguration, ModuleConfiguration, StationConfiguration, World
from espat.stack.address import Address
from tests.network import UdpPeer, answer, expect, soon
from tests.stations import OWN
from tests.texts import CONNECTED, ERROR, OK, PROMPT
from tests.workbench import workbench

PASSWORD = b"xuhong12345678"
POINT = AccessPointConfiguration(b"iot@xuhongv", PASSWORD, SECURITIES["wpa2-psk"])
PHONE = StationConfiguration(bytes.fromhex("f887f10f353b"), b"ESP32", b"123456789")
JOIN = b'AT+CWJAP="iot@xuhongv","%b"' % PASSWORD
MODULE = ModuleConfiguration(joined=b"iot@xuhongv")
BOOT = b"Ai-Thinker Technology Co. Ltd.\r\n\r\nready\r\n"


async def test_the_provisioning_walk() -> None:
    async with UdpPeer() as phone:
        hosts = {"192.168.4.2:63665": f"127.0.0.1:{phone.port}"}
        world = World(
            access_points=(POINT,), stations=(PHONE,), modules=(MODULE,), hosts=hosts, listen_address=Address(OWN)
        )
        async with workbench(world, dialect="ai-thinker") as bench:
            assert await bench.command(b"AT+RST") == OK + b"WIFI DISCONNECT\r\n" + BOOT + CONNECTED
            assert await bench.send(b"AT+CWMODE=3\r\n") == b"AT+CWMODE=3\r\n" + OK
            assert await bench.command(b"AT+CIPMUX=1") == OK
            assert await bench.command(b'AT+CWSAP="ESP32","123456789",1,3') == OK + (
                b'+STA_CONNECTED:"f8:87:f1:0f:35:3b"\r\n' + 2 * b'+DIST_STA_IP:"f8:87:f1:0f:35:3b","192.168.4.2"\r\n'
            )
            await bench.command(b"ATE0")
            started = await answer(bench, b'AT+CIPSTART=0,"UDP","192.168.4.1",8888,1000,0')
            assert started == b"0,CONNECT\r\n" + OK
            (served,) = [text for _, text in bench.announced if "udp" in text]
            request = b'{"port":63665,"password":"%b","ssid":"iot@xuhongv"}' % PASSWORD
            assert len(request) == 63
            await phone.send(request, int(served.rpartition(":")[2]))
            await expect(bench, b"\r\n+IPD,0,63:" + request + b"\r\n")
            reply = b'AT+CIPSENDEX=0,10,"192.168.4.2",63665'
            assert await answer(bench, reply, PROMPT) == PROMPT
            bench.port.send(b'{"code":0}\r\n')
            await expect(bench, b"busy p...\r\n\r\nRecv 10 bytes\r\n\r\nSEND OK\r\n")
            assert (await phone.receive())[0] == b'{"code":0}'
            assert await answer(bench, JOIN) == b"WIFI DISCONNECT\r\n" + CONNECTED + OK
            assert await answer(bench, reply, PROMPT) == PROMPT
            bench.port.send(b'{"code":2}')
            assert await soon(bench.port.read_until(b"SEND OK\r\n")) == b"\r\nRecv 10 bytes\r\n\r\nSEND OK\r\n"
            assert (await phone.receive())[0] == b'{"code":2}'


async def test_it_is_a_module_of_its_own() -> None:
    async with workbench(dialect="ai-thinker") as bench:
        assert (await bench.command(b"AT+GMR")).endswith(b"Bin version:2.2.0(ESP-12S)\r\n" + OK)


async def test_names_have_no_suffixes() -> None:
    async with workbench(dialect="ai-thinker") as bench:
        assert await bench.command(b"AT+CWMODE_CUR=1") == b"\r\nERROR\r\n"
        assert await bench.command(b"AT+BLEINIT?") == b"\r\nERROR\r\n"
        assert (await bench.command(b"AT+CMD?")).startswith(b'+CMD:0,"AT",0,0,0,1\r\n')


NOT_THERE = [
    *(b"AT+TRANSINTVL?", b"AT+TRANSINTVL=20", b"AT+SYSMFG?", b"AT+SYSMSGFILTER?", b"AT+SYSMSGFILTERCFG?", b"AT+RFCAL"),
    *(b"AT+CWINIT?", b"AT+CWINIT=1", b"AT+CWBANDWIDTH?", b"AT+CWCONFIG?", b"AT+CIPSTATE?", b"AT+CIPCONNPERSIST?"),
    *(b"AT+CIPSENDL=1", b"AT+CIPSENDLCFG?", b"AT+CIPRECVTYPE?", b"AT+CIPRECVTYPE=1", b"AT+CIPSSLCPSKHEX?"),
    *(b"AT+CIPSSLCCIPHER?", b"AT+CIPSNTPINTV?", b"AT+CIPFWVER?"),
]


async def test_what_an_esp8266_with_esp_at_2_has_not_is_unknown() -> None:
    async with workbench(dialect="ai-thinker") as bench:
        assert await bench.command(b"AT+SYSLOG=1") == OK
        for line in NOT_THERE:
            assert await bench.command(line) == b"ERR CODE:0x01090000\r\n" + ERROR, line
        listed = await bench.command(b"AT+CMD?")
        assert not [line for line in NOT_THERE if b'"%b"' % line.rstrip(b"?").partition(b"=")[0] in listed]
