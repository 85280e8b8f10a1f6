"""The simulation in the hands of programs: on trio, and without."""

import re
import socket
from pathlib import Path
from typing import Any

import pytest
import serial
import trio

from espat import Simulation, SimulationError, simulation
from espat.scenario.reading.scenario import ScenarioError
from espat.scenario.world.world import AccessPointConfiguration, World

LAB = {"access_points": [{"ssid": "lab"}], "peers": [{"id": "pc", "ip": "192.168.3.102", "serves": "tcp 80"}]}


async def test_a_module_driven_by_a_program() -> None:
    async with Simulation(LAB) as running:
        module = running.modules[0]
        await module.send("ATE0")
        await module.expect("ATE0", "", "OK")
        await module.send("AT+CWMODE=1")
        await module.expect("", "OK")
        await module.send('AT+CWJAP="lab",""')
        await module.expect("WIFI CONNECTED", "WIFI GOT IP", "", "OK")
        await module.send('AT+CIPSTART="TCP","192.168.3.102",80')
        await module.expect("CONNECT", "", "OK")
        await running.peer.accept("pc")
        await running.peer.send(peer="pc", data="ping")
        await module.expect("", "+IPD,4:ping")
        assert running.clock.now() < 1
        await running.access_point.off("lab")
        await running.clock.advance("1min")
        await module.wait_for(module_prints="WIFI DISCONNECT")
        assert [record.data for record in running.trace if record.data.startswith(b"access_point")] == [
            b"access_point.off ssid=lab"
        ]


async def test_stepped_time_stands_still_between_two_calls() -> None:
    async with Simulation() as running:
        before = running.clock.now()
        await running.modules[0].send("AT+GSLP=1000")
        await running.modules[0].do("discard")
        assert running.clock.now() - before < 0.1
        await running.clock.advance(1)
        await running.modules[0].wait_for(event="module.boot", nth=2)


async def test_two_who_wait_at_the_same_time() -> None:
    async with Simulation(modules=2) as running, trio.open_nursery() as nursery:
        times = []

        async def sleep(number: int, milliseconds: int) -> None:
            module = running.modules[number]
            await module.send(f"AT+GSLP={milliseconds}")
            await module.do("wait_ready", within="1h")
            times.append(running.clock.now())

        nursery.start_soon(sleep, 0, 1000)
        nursery.start_soon(sleep, 1, 60000)
    assert [round(time) for time in times] == [1, 60]


async def test_what_does_not_happen_and_what_there_is_not() -> None:
    async with Simulation() as running:
        module = running.modules[0]
        await module.send("AT")
        with pytest.raises(SimulationError, match="expect: expected 'KO', got 'OK'"):
            await module.expect("AT", "", "KO")
        with pytest.raises(SimulationError, match=r"unknown verb 'module.rest' \(did you mean 'module.reset'\?\)"):
            await running.do("module.rest")
        with pytest.raises(SimulationError, match="ssid: expected a text, got 3"):
            await running.access_point.off(3)  # type: ignore[arg-type]
        with pytest.raises(SimulationError, match=r"^access_point.off: unknown argument 'sid' \(did"):
            await running.do("access_point.off", sid="x")
        with pytest.raises(SimulationError, match=r"^wait_for: event: unknown event 'got_ip' \(did you mean 'station"):
            await module.wait_for(event="got_ip")
        with pytest.raises(ValueError, match="expected a duration like 10s, 250ms, 5min, 2h or 1d, got '5 years'"):
            await running.clock.advance("5 years")
        with pytest.raises(AttributeError, match=r"unknown verb 'access_point.of' \(did you mean 'access_point.off"):
            running.access_point.of()  # type: ignore[attr-defined]
        with pytest.raises(AttributeError):
            _ = running.nothing  # type: ignore[attr-defined]


async def test_several_modules_and_a_world_object() -> None:
    world = World(access_points=(AccessPointConfiguration(b"attic"),))
    async with Simulation(world, modules=2, seed=7) as running:
        for module in running.modules:
            await module.send("AT+CWMODE=1")
            await module.do("discard")
            await module.send('AT+CWJAP="attic",""')
            await module.wait_for(module_prints="WIFI GOT IP")


async def test_each_module_has_the_firmware_that_the_world_gives_it() -> None:
    world = {"module": [{}, {"dialect": "esp8266-v1.7"}]}
    async with Simulation(world, modules=3, dialect="ai-thinker") as running:
        for module, version in zip(running.modules, ("2.2.0", "1.7.4", "2.2.0"), strict=True):
            await module.send("AT+GMR")
            await module.do("wait_for", module_prints=rf"re:AT version:{version}.*")


@pytest.mark.parametrize("arguments", [{"modules": 0}, {"modules": 2, "link": "x"}, {"serial": True}])
def test_what_cannot_be(arguments: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"module|speed|link"):
        Simulation(**arguments)  # type: ignore[arg-type]


async def test_a_module_starts_from_a_flash_file_and_keeps_what_it_stores_there(tmp_path: Path) -> None:
    path = tmp_path / "esp.bin"
    async with Simulation(flash=path, variant="MINI-1") as running:
        (module,) = running.modules
        assert module.stored("factory_param", "module_name") == "MINI-1"
        assert module.stored("NVM_012", "s_msg") is None
        await module.send("AT+SYSMSG=3")
        await module.do("discard")
        assert module.stored("NVM_012", "s_msg") == 3
        with pytest.raises(ValueError, match=r"esp\.bin: another program uses it"):
            async with Simulation(flash=path):
                pytest.fail("it began")
    with pytest.raises(SimulationError, match="the simulation does not run"):
        Simulation().stored("0", "NVM_012", "s_msg")
    async with Simulation(flash=path) as running:
        await running.modules[0].send("AT+SYSMSG?")
        await running.modules[0].expect("AT+SYSMSG?", "+SYSMSG:3", "OK")
    with pytest.raises(ValueError, match=r"expected the flash of SOLO-1, got that of MINI-1"):
        async with Simulation(flash=path, variant="SOLO-1"):
            pytest.fail("it began")


async def test_what_is_stored_without_a_file() -> None:
    async with Simulation(modules=2, variant="WROVER-32") as running:
        await running.modules[1].send("AT+SYSMSG=2")
        await running.modules[1].do("discard")
        assert [module.stored("NVM_012", "s_msg") for module in running.modules] == [None, 2]
        assert running.modules[0].stored("factory_param", "module_name") == "WROVER-32"
        await running.modules[1].send("AT+SYSSTORE=0")
        await running.modules[1].send("AT+SYSMSG=1")
        await running.modules[1].do("discard")
        assert running.modules[1].stored("NVM_012", "s_msg") == 2


async def test_modules_of_the_world_have_flash_files_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text('[[module]]\nflash = "a.bin"\n[[module]]\nvariant = "D2WD"\n')
    flash = tmp_path / "all{n}.bin"
    async with Simulation(tmp_path / "world.toml", modules=3, flash=flash, variant="SOLO-1") as running:
        names = [module.stored("factory_param", "module_name") for module in running.modules]
    assert names == ["SOLO-1", "ESP32-D2WD", "SOLO-1"]
    sizes = [(tmp_path / name).stat().st_size for name in ("a.bin", "all1.bin", "all2.bin")]
    assert sizes == [0x400000, 0x200000, 0x400000]


def test_a_world_that_is_wrong() -> None:
    with pytest.raises(ScenarioError, match="ssid"):
        Simulation({"access_points": [{"sid": "lab"}]})


def test_without_trio(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    with simulation(LAB, serial=False, speed=None, trace=trace) as running:
        module = running.modules[0]
        module.send("AT")
        module.expect("AT", "", "OK")
        running.clock.advance("1h")
        assert running.clock.now() >= 3600
        module.power_off()
        module.power_on()
        module.do("wait_ready")
        with pytest.raises(SimulationError, match="no access point 'attic'"):
            running.access_point.off("attic")
        assert sum("module.boot power-on" in line for line in running.trace_lines(50)) == 2
    assert trace.stat().st_mode & 0o777 == 0o600
    with pytest.raises(SimulationError, match="the simulation does not run"):
        module.send("AT")


def talk(path: Path | None, command: str, end: str = "OK\r\n") -> None:
    with serial.Serial(str(path), 115200, timeout=10) as port:
        port.write(f"{command}\r\n".encode())
        found = port.read_until(end.encode())
        assert found.endswith(end.encode()), found


def test_two_simulations_serve_the_same_port_and_each_says_where() -> None:
    with simulation() as one, simulation() as other:
        places = []
        for running in (one, other):
            (module,) = running.modules
            for command in ("AT+CWMODE=2", "AT+CIPMUX=1", "AT+CIPSERVER=1,18099"):
                talk(module.path, command)
            places.append(module.serves(18099))
        assert places[0] != places[1]
        for running, place in zip((one, other), places, strict=True):
            device = serial.Serial(str(running.modules[0].path), 115200, timeout=10)
            with device, socket.create_connection(place, timeout=10):
                assert device.read_until(b"0,CONNECT\r\n").endswith(b"0,CONNECT\r\n")
        with pytest.raises(SimulationError, match=r"serves: unknown proto 'tpc' \(did you mean 'tcp'"):
            one.modules[0].serves(18099, "tpc")


async def test_a_port_that_the_module_does_not_serve() -> None:
    async with Simulation() as running:
        with pytest.raises(SimulationError, match="serves: the module does not serve udp 7"):
            await running.modules[0].serves(7, "udp")


def test_other_ports_than_devices(tmp_path: Path) -> None:
    with simulation(port="unix:uart", log_port="tcp:127.0.0.1:0", folder=tmp_path) as running:
        (module,) = running.modules
        assert module.path is None
        assert module.ports[0] == f"ready to open at unix:{tmp_path}/uart"
        assert module.ports[1].startswith("log ready to open at tcp:127.0.0.1:")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "uart"))
            client.settimeout(10)
            client.sendall(b"AT\r\n")
            found = b""
            while not found.endswith(b"OK\r\n"):
                found += client.recv(100)


def test_where_servers_listen() -> None:
    with simulation(listen="127.0.7.1") as running:
        (module,) = running.modules
        for command in ("AT+CWMODE=2", "AT+CIPMUX=1", "AT+CIPSERVER=1,18098"):
            talk(module.path, command)
        assert module.serves(18098)[0] == "127.0.7.1"


@pytest.mark.parametrize("offline", [False, True])
async def test_whether_it_is_offline(offline: bool) -> None:
    async with Simulation(offline=offline) as running:
        assert running.running.simulation.host_map.offline is offline


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"port": "com:1"}, "port: expected pty:PATH, tcp:HOST:PORT"),
        ({"port": "unix:a", "link": "b"}, "port: expected a link or a port, got both"),
        ({"port": "unix:a", "modules": 2}, "port: expected a place with {n} for several modules, got 'a'"),
        ({"port": "exec:a{n}", "modules": 2}, "port: expected exec: for one module, got 2"),
        ({"log_port": "exec:a"}, "log_port: expected a port for others to open, got 'exec:a'"),
        ({"log_port": "unix:a", "serial": False}, "log_port: expected serial=True with it, got 'unix:a'"),
        ({"listen": "192.0.2.1"}, "listen: expected an IPv4 address of this machine, got '192.0.2.1'"),
        ({"listen": "here"}, "listen: expected an IPv4 address of this machine, got 'here'"),
    ],
)
def test_ports_that_cannot_be(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        simulation(**arguments)


def test_paths_are_from_the_folder_that_is_given(tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text('[[access_point]]\nssid = "attic"\n')
    where: dict[str, Any] = {"folder": tmp_path, "trace": "trace.jsonl", "flash": "flash.bin", "link": "uart"}
    with simulation("world.toml", **where) as running:
        running.access_point.off("attic")
        assert running.modules[0].path == tmp_path / "uart"
    assert {path.name for path in tmp_path.iterdir()} == {"world.toml", "trace.jsonl", "flash.bin"}
    with pytest.raises(ValueError, match=re.escape(f"got '{tmp_path}/own.pem', which does not exist")):
        simulation({"host": [{"address": "10.0.0.3", "serves": ["tls-echo 443 cert=own.pem"]}]}, folder=tmp_path)


def test_a_simulation_that_nobody_has_started() -> None:
    with pytest.raises(AttributeError, match="modules: the simulation does not run; `with` starts it"):
        _ = simulation().modules
    with pytest.raises(AttributeError, match="clock: the simulation does not run; `with` starts it"):
        _ = Simulation().clock


def test_a_simulation_that_cannot_begin(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), simulation(trace=tmp_path / "missing" / "trace"):
        pytest.fail("it began")


def test_a_module_is_where_its_world_says(tmp_path: Path) -> None:
    with simulation({"module": [{"link": str(tmp_path / "here")}, {}]}, modules=2) as running:
        assert running.modules[0].path == tmp_path / "here"
        assert running.modules[1].path != tmp_path / "here"
    with pytest.raises(ValueError, match="link: expected serial=True with it, got 'x'"):
        simulation(link="x", serial=False, speed=None)


async def test_a_failure_does_not_show_a_password() -> None:
    async with Simulation(LAB) as running:
        module = running.modules[0]
        await module.send('AT+CWJAP="lab","verysecret99"')
        with pytest.raises(SimulationError) as error:
            await module.expect("never")
        assert 'AT+CWJAP="lab","***"' in str(error.value)
        assert "verysecret99" not in str(error.value)
