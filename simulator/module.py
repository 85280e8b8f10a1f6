"""One module, assembled from its rooms: power, boot, reset, sleep.

A boot is a nursery with fresh rooms in it; a restart is its cancellation. What survives is what the settings store
holds, and the clock of day as long as there is power.
"""

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from random import Random
from typing import Any, Final, NamedTuple, Protocol

import trio

from simulator.core.answers import Restart, RestartCause
from simulator.core.clock import Clock
from simulator.core.conventions import Conventions
from simulator.core.engine import Engine
from simulator.core.grammar import Form
from simulator.core.output import Output
from simulator.core.port import Port
from simulator.core.real_time_clock import RealTimeClock
from simulator.core.redaction import Redactor
from simulator.core.registry import Registry
from simulator.core.system_log import SystemLog
from simulator.core.timing import Timing
from simulator.core.trace import Kind, Trace
from simulator.core.uart import Uart
from simulator.persist.settings import Settings
from simulator.persist.storage import Storage
from simulator.radio.access_point import AccessPoint
from simulator.radio.air import Air
from simulator.radio.scan import Scanner
from simulator.radio.softap import SoftAp
from simulator.radio.station import Station
from simulator.radio.wifi import Wifi, WifiMode
from simulator.stack.host_network import HostNetwork
from simulator.stack.interface import StationInterface
from simulator.stack.lan import Lan
from simulator.stack.links import LINK_COUNT, LinkListener, LinkTable
from simulator.stack.network import SOFTAP, STATION, Network
from simulator.stack.saved_link import SavedLink
from simulator.stack.server import Server
from simulator.stack.sntp import SntpClient
from simulator.stack.softap_interface import SoftApInterface
from simulator.stack.tls_options import Tls
from simulator.system import Factory, FirmwareVersion, System

DRAIN_LIMIT: Final = 3.0
"""Seconds a restart waits for its OK to leave the UART (ESP-AT source)."""

EVENTS: Final = (
    "module.boot",
    "module.power_off",
    "station.associated",
    "station.got_ip",
    "station.lease_renewed",
    "station.lost_ip",
    "station.disconnected",
    "softap.on",
    "softap.off",
    "uart.lost",
)
"""What the trace tells of a module besides what it prints."""

log = logging.getLogger(__name__)


class Reports(LinkListener, Protocol):
    """What a firmware prints by itself."""

    def wifi_connected(self) -> None:
        """The station is associated."""

    def wifi_got_address(self) -> None:
        """The station's interface is up."""

    def wifi_disconnected(self) -> None:
        """The station has lost or left its access point."""

    def link_not_opened(self, number: int) -> None:
        """A link could not be opened, in firmwares that report it."""

    def softap_station_joined(self, mac: bytes) -> None:
        """A station has joined the softAP."""

    def softap_leased(self, mac: bytes, address: str) -> None:
        """The softAP has given an address."""

    def softap_station_left(self, mac: bytes) -> None:
        """A station has left the softAP."""

    def time_updated(self) -> None:
        """The clock has been set by a server."""


class BootText(NamedTuple):
    """What the boot ROM prints on the port of the commands, and at how many baud."""

    text: bytes
    baud_rate: int


class Firmware(Protocol):
    """A dialect as the module needs it."""

    registry: Registry
    version: FirmwareVersion
    boot_text: BootText | None
    """None where the ROM prints elsewhere."""
    conventions: Conventions
    factory: Factory

    def log_reset(self, module: "Module", cause: RestartCause) -> None:
        """Write what ROM and boot loader print on UART0."""

    def log_start(self, module: "Module") -> None:
        """Write what the application logs before it is ready."""

    def reports(self, module: "Module") -> Reports:
        """What prints the reports of one boot."""

    def latency(self, timing: Timing) -> Callable[[str], float] | None:
        """Seconds each command takes by itself; None when none takes any."""

    def started(self, module: "Module") -> None:
        """The module is ready: what the firmware does next by itself."""

    def command_list(self) -> Iterable[tuple[str, Collection[Form]]]:
        """The commands that are built in and work, with their forms, in the order of the firmware."""


@dataclass(frozen=True)
class Surroundings:
    """What a module stands in: time, air, the networks behind the access points, this machine."""

    clock: Clock
    timing: Timing
    air: Air
    lans: dict[bytes, Lan]
    """By the BSSID of the access point."""
    network: HostNetwork
    random: Random
    trace: Trace | None = None


class Module:
    """A module on its board: its port, its flash, and whatever boot is running.

    `number` counts from 0 within the simulation. `mac` is the station's; the softAP's follows from it.
    """

    def __init__(
        self,
        number: int,
        firmware: Firmware,
        surroundings: Surroundings,
        port: Port,
        storage: Storage,
        mac: bytes,
        log_port: Port | None = None,
    ) -> None:
        """`log_port`: where the log of UART0 goes, None for nowhere."""
        self.number = number
        self.firmware = firmware
        self.mac = mac
        self.clock = surroundings.clock
        self.timing = surroundings.timing
        self.air = surroundings.air
        self.host_network = surroundings.network
        self.random = surroundings.random
        self.storage = storage
        self.store = storage.settings
        self._lans = surroundings.lans
        self._trace = surroundings.trace
        self._redactor = (
            Redactor(firmware.registry, self, (point.password for point in self.air.access_points))
            if log.isEnabledFor(logging.DEBUG)
            else None
        )
        self._recorder = self._record if self._trace is not None or self._redactor is not None else None
        self.uart = Uart(port, self._recorder)
        port.on_loss = lambda text: self._event(f"uart.lost {text}")
        self.log = SystemLog(self.clock, log_port)
        self._power = trio.CancelScope()
        self._powered = trio.Event()
        self._powered.set()
        self._woken = trio.Event()
        self.rtc = RealTimeClock(self.clock)
        self._assemble()

    @property
    def output(self) -> Output:
        """The writing side of the UART."""
        return self.uart.output

    async def run(self, *, when_opened: bool = False) -> None:
        """Power on, and run until cancelled. `when_opened`: power on when the first client opens the port. After
        `power_off` it waits for `power_on`."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.uart.run)
            nursery.start_soon(self.log.run)
            if self.timing.boot:  # one that takes no time to start has lost nothing meanwhile
                self.uart.listen()
            if when_opened:
                await self.uart.port.first_attached.wait()
            while True:
                await self._powered.wait()
                with trio.CancelScope() as self._power:
                    self.rtc.power_on()
                    self.storage.power_on()
                    self.output.power_on()
                    restart = Restart(RestartCause.POWER_ON)
                    while True:
                        await self._sleep(restart.sleep)
                        restart = await self._boot(restart.cause)
                self._event("module.power_off")

    def power_off(self) -> None:
        """Cut the power: everything but the flash is lost, without a word."""
        self._powered = trio.Event()
        self._power.cancel()
        self.output.power_off()
        self.uart.engine = None  # at once: what comes in from now on is lost

    def power_on(self) -> None:
        """Give it power again."""
        self._powered.set()

    def reset(self) -> None:
        """Pull the reset pin (EN): everything starts again as from a loss of power, the clock of day included."""
        self.power_off()
        self.power_on()

    def press_wake(self) -> None:
        """Pull the wake-up pin: a deep sleep ends, and nothing else happens."""
        self._woken.set()

    def time(self) -> float:
        """The clock of day: seconds since 1970, or since power-on as long as nobody has set it."""
        return self.rtc.time()

    async def _sleep(self, seconds: float) -> None:
        """Wait before a boot: for the timer of a deep sleep, or until somebody pulls the wake-up pin."""
        self._woken = trio.Event()
        if seconds > 0:
            with self.clock.move_on_after(seconds):
                await self._woken.wait()
        else:
            await trio.lowlevel.checkpoint()

    def remember(self, ssid: bytes, password: bytes) -> None:
        """Have joined an access point in an earlier life: it is in flash, unless another one is; before `run`."""
        if not self.station.configured:
            self.wifi.mode = WifiMode.STATION
            self.station.ssid, self.station.password = ssid, password

    async def pause(self, seconds: float) -> None:
        """Wait for a figure of the timing profile; no checkpoint when it is zero."""
        if seconds > 0:
            await self.clock.sleep(seconds)

    def restart(self, restart: Restart) -> None:
        """End this boot; the next one follows."""
        self._restart = restart
        self._restarting.set()

    def spawn(self, task: Callable[..., Any], *arguments: Any) -> None:
        """Start a task that ends with this boot; nothing starts any more when the boot is ending."""
        if self._living:
            self._nursery.start_soon(task, *arguments)

    def _assemble(self) -> None:
        """Fresh rooms for a boot."""
        self._living = False
        self._restarting = trio.Event()
        self._restart = Restart()
        self.factory_parameters = parameters = self.storage.manufacturing.parameters()
        self.settings = Settings(self.store, stores=parameters.stores)
        self.output.message_filter = None
        factory = self.firmware.factory
        self.wifi = Wifi(self.settings, parameters, factory.wifi_mode)
        self.engine = Engine(
            self,
            self.firmware.registry,
            self.output,
            restart=self.restart,
            conventions=self.firmware.conventions,
            latency=self.firmware.latency(self.timing),
            sleep=self.clock.sleep,
            recorder=self._recorder,
        )
        self.reports = self.firmware.reports(self)
        self.network = Network(self.host_network, self.clock, self.spawn, self.log)
        self.interface = StationInterface(
            self.settings,
            self.clock,
            lambda: self.station.mac,
            lease_time=self.timing.lease,
            spawn=self.spawn,
            got_address=self._got_address,
            renewed=lambda: self._event("station.lease_renewed"),
            lost_address=self._lost_address,
        )
        hearing = self.air.heard_by(lambda: self.softap.access_point)
        self.station = Station(
            self.settings,
            hearing,
            self.clock,
            self.mac,
            default_reconnect_interval=factory.reconnect_interval,
            join_time=self.timing.join,
            channels=lambda: self.wifi.channels,
            spawn=self.spawn,
            associated=self._associated,
            disconnected=self._disconnected,
            log=self.log,
        )
        self.softap_interface = SoftApInterface(
            self.settings,
            self.clock,
            lambda: self.interface.softap_dhcp,
            leased=self.reports.softap_leased,
            moved=self._softap_moved,
        )
        self.softap = SoftAp(
            self.settings,
            self.air,
            self.wifi,
            self.clock,
            factory.softap_mac(self.mac),
            default_most_stations=factory.softap_stations,
            station_channel=lambda: None if (point := self.station.access_point) is None else point.channel,
            spawn=self.spawn,
            started=self._softap_started,
            stopped=self._softap_stopped,
            station_joined=self.reports.softap_station_joined,
            station_left=self._softap_station_left,
        )
        self.scanner = Scanner(hearing, self.wifi, self.clock, self.timing.scan_channel, factory.scan_fields)
        self.tls = Tls(self.settings, self.storage.manufacturing, self.clock, self.rtc, LINK_COUNT)
        self.links = LinkTable(
            self.settings,
            self.network,
            self.clock,
            self.output,
            self.reports,
            self.spawn,
            self.tls,
            latency=self.timing.latency,
            message_limit=factory.message_limit,
            datagrams_wait=factory.datagrams_wait,
            withholds_end=factory.withholds_end,
        )
        self.server = Server(self.network, self.links, self.tls, self.clock, self.spawn, idle_limit=factory.idle_limit)
        self.saved_link = SavedLink(self.settings)
        self.sntp = SntpClient(
            self.network,
            self.clock,
            self.rtc,
            self.random,
            start_delay=self.timing.time_request,
            spawn=self.spawn,
            network_up=self.interface.wait_for_address,
            updated=self.reports.time_updated,
        )
        self.system = System(self.settings, self.wifi, self.links, parameters, factory)
        self.uart.set_line(self.system.uart.current)

    async def _boot(self, cause: RestartCause) -> Restart:
        self._assemble()
        self._event(f"module.boot {cause.value}")
        if self.firmware.boot_text is not None and self.uart.port.paced:
            await self.uart.print_at(*self.firmware.boot_text)
        self.log.reset()
        self.firmware.log_reset(self, cause)
        self.store.calibrate(self.mac)
        await self.clock.sleep(self.timing.boot)
        self.firmware.log_start(self)
        try:
            async with trio.open_nursery() as self._nursery:
                self._living = True
                try:
                    await self._live()
                finally:
                    self._living = False
            self.links.abandon()
            self.station.leave()
            self.softap.stop()
        finally:
            self.uart.engine = None
            self.links.abandon()
            self.station.vanish()
            self.softap.vanish()
            self._lans.pop(self.softap.mac, None)
            self.network.detach(STATION)
            self.network.detach(SOFTAP)
            self.server.stop()
        return self._restart

    async def _live(self) -> None:
        """From `ready` until a restart has been answered."""
        self.spawn(self.engine.run)
        for message in self.firmware.conventions.boot:
            self.output.report(message)
        self.uart.engine = self.engine
        self.uart.listen()
        self.softap.update()
        if self.station.auto_connect and self.station.configured and self.wifi.has_station:
            self.station.connect_in_background()
        self.firmware.started(self)
        await self._restarting.wait()
        self.uart.engine = None
        with self.clock.move_on_after(DRAIN_LIMIT):
            await self.output.drained()
        self._nursery.cancel_scope.cancel()

    # What the rooms announce

    def _associated(self, point: AccessPoint) -> None:
        self._event("station.associated")
        self.softap.follow_station()
        self.reports.wifi_connected()
        self.interface.link_up(self._lans.get(point.bssid))

    def _got_address(self) -> None:
        address = self.interface.ipv4.address
        self._event(f"station.got_ip {address}")
        if self.interface.lan is not None:
            self.network.attach(STATION, self.interface.lan, address)
            self.links.network_up(self.interface.lan)
        self.reports.wifi_got_address()

    def _lost_address(self) -> None:
        self._event("station.lost_ip")
        self.network.detach(STATION)
        self.links.network_down(self.interface.lan)

    def _disconnected(self, reason: int) -> None:
        self._event(f"station.disconnected rc:{reason}")
        lan = self.interface.lan
        self.interface.link_down()
        self.network.detach(STATION)
        self.reports.wifi_disconnected()
        if lan is not None:
            self.links.network_down(lan)

    def _softap_started(self, point: AccessPoint) -> None:
        self._event("softap.on")
        lan = self._lans[point.bssid] = self.softap_interface.start()
        self.network.attach(SOFTAP, lan, self.softap_interface.ipv4.address)

    def _softap_stopped(self, point: AccessPoint) -> None:
        self._event("softap.off")
        lan = self._lans.pop(point.bssid, None)
        self.softap_interface.stop()
        self.network.detach(SOFTAP)
        self.links.network_down(lan)

    def _softap_moved(self) -> None:
        lan = self.softap_interface.lan
        assert lan is not None
        self.network.attach(SOFTAP, lan, self.softap_interface.ipv4.address)
        self.links.network_down(lan)

    def _softap_station_left(self, mac: bytes) -> None:
        self.softap_interface.release(mac)
        self.reports.softap_station_left(mac)

    def _event(self, text: str) -> None:
        """`text`: a name of EVENTS, and what there is to say about it."""
        log.info("module %d: %s", self.number, text)
        if self._trace is not None:
            self._trace.record(self.clock.now(), self.number, "world", Kind.EVENT, text.encode())

    def _record(self, direction: str, kind: Kind, data: bytes) -> None:
        if self._redactor is not None and kind is not Kind.ECHO:
            log.debug("module %d %s: %s", self.number, direction, self._redactor.render(direction, kind, data))
        if self._trace is not None:
            self._trace.record(self.clock.now(), self.number, direction, kind, data)
