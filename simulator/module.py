"""One module, assembled from its rooms: boot and restart.

A boot is a nursery with fresh rooms in it; a restart is its cancellation. What survives is what the settings store
holds, and the clock of day as long as there is power.
"""

import logging
from collections.abc import Callable
from typing import Any, Final

import trio

from espat.board import PANIC_PAUSE, Board
from espat.core.at.answers import Restart, RestartCause
from espat.core.at.engine import Engine
from espat.core.at.grammar import Form
from espat.core.panics import name_of
from espat.firmware import Firmware
from espat.persist.settings import Settings
from espat.radio.access_point import AccessPoint
from espat.radio.scan import Scanner
from espat.radio.smart_config import SmartConfig
from espat.radio.softap import SoftAp
from espat.radio.station import DEFAULT_RECONNECT_INTERVAL, Station
from espat.radio.wifi import Wifi, WifiMode
from espat.stack.interface import StationInterface
from espat.stack.links import LINK_COUNT, LinkTable
from espat.stack.network import SOFTAP, STATION, Network
from espat.stack.receiving import Receiving
from espat.stack.saved_link import SavedLink
from espat.stack.server import Server
from espat.stack.sntp import SntpClient
from espat.stack.softap_interface import SoftApInterface
from espat.stack.tls_options import Tls
from espat.system import System

WARM_RESTARTS: Final = (RestartCause.SOFTWARE, RestartCause.RESTORE)
"""The chip is not reset, and its ROM prints at the rate that the UART has."""
DRAIN_LIMIT: Final = 3.0
"""Seconds a restart waits for its OK to leave the UART (ESP-AT source)."""
NOT_BUILT: Final = "%s is a command of this firmware that is not built here; it answers ERROR"

log = logging.getLogger(__name__)


class Module(Board):
    """A board and whatever boot is running on it."""

    firmware: Firmware["Module"]

    def remember(self, ssid: bytes, password: bytes) -> None:
        """Have joined an access point in an earlier life: it is in flash, unless another one is; before `run`."""
        if not self.station.configured:
            self.wifi.mode = WifiMode.STATION
            self.station.ssid, self.station.password = ssid, password
            self.station.reconnect_interval = DEFAULT_RECONNECT_INTERVAL  # as AT+CWJAP leaves it

    def restart(self, restart: Restart) -> None:
        """End this boot; the next one follows."""
        self._restart = restart
        self._restarting.set()

    def spawn(self, task: Callable[..., Any], *arguments: Any) -> None:
        """Start a task that ends with this boot; nothing starts any more when the boot is ending."""
        if self._living:
            self._nursery.start_soon(self._run_task, task, *arguments, name=task)

    async def _run_task(self, task: Callable[..., Any], *arguments: Any) -> None:
        """Run a task of this boot. One that fails in the simulator itself takes the boot with it, as on the chip:
        others may wait for it."""
        try:
            await task(*arguments)
        except* Exception as errors:
            self.panicked(name_of(task), errors)
            self.restart(Restart(RestartCause.PANIC, PANIC_PAUSE))

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
            self.uart,
            restart=self.restart,
            panicked=self.panicked,
            unknown=self._unknown_command,
            conventions=self.firmware.conventions,
            latency=self.firmware.latency(self.timing),
            sleep=self.clock.sleep,
            recorder=self._recorder,
            system_log=self.log,
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
        self.smart_config = SmartConfig(self.air.smart_config_listeners, lambda: self.wifi.only_station)
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
            receive=lambda link: self.receiving.run(link),
            withholds_end=factory.withholds_end,
        )
        self.receiving = Receiving(
            self.links,
            self.clock,
            self.output,
            self.reports,
            self.spawn,
            latency=self.timing.latency,
            message_limit=factory.message_limit,
            datagrams_wait=factory.datagrams_wait,
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
        boot_text = self.firmware.boot_text if self.uart.port.paced else None
        if boot_text is not None and cause in WARM_RESTARTS:
            await self.uart.print_at(boot_text.text, self.uart.line.baud_rate)
        self._assemble()
        self._event(f"module.boot {cause.value}")
        if boot_text is not None and cause not in WARM_RESTARTS:
            await self.uart.print_at(*boot_text)
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
            self.uart.detach()
            self.links.abandon()
            self.smart_config.stop()
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
        self.uart.attach(self.engine)
        self.uart.listen()
        self.softap.update()
        if self.station.auto_connect and self.station.configured and self.wifi.has_station:
            self.station.connect_in_background()
        self.firmware.started(self)
        await self._restarting.wait()
        self.uart.detach()
        with self.clock.move_on_after(DRAIN_LIMIT):
            await self.output.drained()
        self._nursery.cancel_scope.cancel()

    def _unknown_command(self, name: str, form: Form) -> None:
        """A command has been answered as unknown: say so, once, when the real firmware has it."""
        if name not in self.not_built and self.firmware.lacks(name, form):
            self.not_built.append(name)
            log.warning("module %d: %s", self.number, NOT_BUILT % name)

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
