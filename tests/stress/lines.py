"""What a client types that does not think: command lines of each firmware, mostly possible, and what is none."""

from random import Random
from typing import Final

from espat.module import Module
from espat.stack.active_interfaces import ActiveInterfaces
from espat.stack.link import LINK_COUNT
from espat.stack.links import LinkTable
from tests.stress.surroundings import ELSEWHERE, HOST

COMMON: Final = (
    *("AT", "ATE0", "ATE1", "AT+GMR", "AT+CWLAP", "AT+CIFSR"),
    *("AT+UART_CUR={baud},8,1,0,0", "AT+UART_DEF={baud},8,1,0,{flag}", "AT+SLEEP={flag}"),
    *('AT+CWJAP="espressif","1234567890"', 'AT+CWJAP="second",""', 'AT+CWJAP="espressif","wrong"', "AT+CWQAP"),
    *("AT+CWMODE={mode}", "AT+CWMODE=1", "AT+CWMODE=3", 'AT+CWSAP="lab","12345678",5,3', "AT+CWLIF"),
    *("AT+CWDHCP={mode},{flag}", "AT+CWAUTOCONN={flag}", 'AT+CIPSTA="192.168.3.77"', 'AT+CIPAP="192.168.{mode}.1"'),
    *("AT+CIPMUX={flag}", "AT+CIPMUX=1", "AT+CIPMODE={flag}", "AT+CIPDINFO={flag}", "AT+CIPSTO={few}"),
    *('AT+CIPSTART={link}"TCP","{host}",{port}', 'AT+CIPSTART={link}"UDP","{host}",{port},{local},{mode}'),
    *('AT+CIPSTART={link}"SSL","{host}",443', 'AT+CIPSTART={link}"TCP","{host}",80,{few}'),
    *('AT+CIPSTART={link}"TCP","{host}",{port}', "AT+CIPSTATUS", "AT+CIPCLOSE", "AT+CIPCLOSE={number}"),
    *("AT+CIPSERVER=1,{server}", "AT+CIPSERVER=1", "AT+CIPSERVER=0", "AT+CIPSERVERMAXCONN={few}"),
    *("AT+CIPSEND={link}{length}", "AT+CIPSEND={link}{length}", "AT+CIPSENDEX={link}{length}", "AT+CIPSEND"),
    *('AT+CIPSEND={link}{length},"{host}",{port}', 'AT+PING="{host}"', 'AT+CIPDOMAIN="{name}"'),
    *("AT+SYSMSG={mode}", "AT+CIPRECVMODE={flag}", "AT+CIPRECVDATA={link}{length}", "AT+CIPRECVLEN?"),
    *('AT+CIPSNTPCFG={flag},8,"{host}"', "AT+CIPSNTPTIME?", "AT+CIPSTATUS"),
)
OFTEN: Final = (
    *('AT+CIPSTART={link}"TCP","{host}",{port}', 'AT+CIPSTART={link}"TCP","192.168.3.50",80'),
    *('AT+CIPSTART={link}"UDP","{host}",{port},{local},{mode}', 'AT+CIPSTART={link}"SSL","192.168.3.50",443'),
    *("AT+CIPSEND={link}{length}", "AT+CIPSEND={link}{length}", "AT+CIPRECVDATA={link}{length}", "AT+CIPSERVER=1,333"),
    *('AT+CIPSTART={link}"TCP","192.168.3.50",23', "AT+CIPSEND={link}2048", "AT+CIPSENDBUF={link}2048"),
    *("AT+CIPCONNPERSIST={link}1", "AT+CIPSEND={link}2048"),
    *("AT+CIPSEND", "AT+CIPMODE=1", "AT+CIPMUX=1", "AT+CIPCLOSE={number}", "AT+CIPSENDBUF={link}{length}"),
)
RARE: Final = (
    *("AT+RST", "AT+RST", "AT+RST", "AT+RESTORE", "AT+GSLP={duration}", 'AT+SAVETRANSLINK=1,"{host}",{port},"TCP"'),
    *('AT+SAVETRANSLINK=1,"{host}",{port},"UDP",{local}', 'AT+SAVETRANSLINK=3,{server},"TCP"'),
)
ESP32: Final = (
    *("AT+CIPSTATE?", "AT+SYSLOG={flag}", "AT+SYSSTORE={flag}", "AT+TRANSINTVL={few}", "AT+CWSTATE?"),
    *("AT+CIPSENDL={link}{length}", "AT+CIPSENDL={link}{long}", "AT+CIPSENDLCFG=100,{long}", "AT+SLEEP={mode}"),
    *("AT+CIPRECVTYPE={link}{flag}", "AT+CIPRECVMODE={link}{flag}", "AT+CIPRECONNINTV={few}", "AT+CIPSERVER=0,1"),
    *('AT+CIPSERVER=1,{server},"SSL",{flag}', 'AT+CIPSTARTEX="TCP","{host}",{port}', "AT+CIPCONNPERSIST={link}{flag}"),
    *("AT+CIPTCPOPT={link}{linger},{flag},{few}00,{few}", "AT+CIPSSLCCONF={link}{mode},0,0", "AT+CWRECONNCFG={few},0"),
    *("AT+SAVETRANSLINK=0", "AT+SYSTIMESTAMP=1700000000", "AT+CIPDNS=0"),
    *("AT+CIPSTART={link}{port}", "AT+CWQIF", "AT+CWINIT={flag}", "AT+SYSMSGFILTER={flag}", "AT+USERRAM?"),
    *('AT+SYSMFG=2,"client_cert","client_cert.0",8,{few}', 'AT+SYSFLASH=0,"mfg_nvs",4096,4096'),
    *('AT+SYSFLASH=1,"mfg_nvs",4096,{few}', "AT+SYSMSGFILTERCFG=1,{few},0", "AT+SLEEPWKCFG=2,12,0", "AT+SYSROLLBACK"),
)
ESP8266: Final = (
    *("AT+CIPSENDBUF={link}{length}", "AT+CIPBUFRESET={number}", "AT+CIPBUFSTATUS={number}", "AT+CIPBUFSTATUS"),
    *("AT+CIPCHECKSEQ={link}{few}", "AT+CIPSENDBUF={link}{length}"),
    *("AT+SAVETRANSLINK=0", "AT+CIUPDATE", "AT+CWMODE_CUR={mode}"),
    *('AT+CWJAP_CUR="espressif","1234567890"', 'AT+CWJAP_DEF="second",""', "AT+CIPSSLSIZE=4096", "AT+CIPMUX=0"),
    *('AT+CIPSTA_CUR="192.168.3.78"', "AT+CWDHCP_CUR={mode},{flag}", "AT+UART={baud},8,1,0,0"),
)
COMMANDS: Final = {
    "esp32-v5": COMMON + ESP32,
    "ai-thinker": COMMON + ESP32,
    "esp8266-v1.7": COMMON + ESP8266,
    "esp8266-v0.30": COMMON + ESP8266,
}
JUNK: Final = (
    b"\r\n",
    b"+",
    b"+++",
    b"++",
    b"\x00",
    b"\xff\xfe",
    b"AT",
    b"AT+CIPSEND",
    b"x" * 300,
    b" ",
    b"\\0",
    b"\n",
)
JOIN: Final = (b'AT+CWJAP="espressif","1234567890"', b"AT+CWMODE=1", b"AT+CWMODE=3", b"AT+CWAUTOCONN=0")
HOSTS: Final = (
    *map(str, (HOST, HOST, HOST, ELSEWHERE)),
    *("near.example", "far.example", "192.168.4.1", "192.168.4.2", "192.168.3.112"),
    *("192.168.3.113", "192.168.3.99", "255.255.255.255", "no.such.name"),
)
LENGTHS: Final = (1, 3, 100, 2048, 2048, 2048, 2048, 3000)
"""Bytes of data."""


def command_line(random: Random, dialect: str, module: Module) -> bytes:
    """A line that suits what the module is doing, more often than not."""
    pick = random.choice
    if not module[ActiveInterfaces] and random.random() < 0.3:
        return pick(JOIN)
    links = module[LinkTable]
    numbers = [link.number for link in links]
    number = pick(numbers) if numbers and random.random() < 0.6 else random.randrange(LINK_COUNT)
    words = {
        "link": f"{number}," if links.multiple is (random.random() < 0.9) else "",
        "number": number if random.random() < 0.8 else LINK_COUNT,
        "host": pick(HOSTS),
        "port": pick((7, 7, 9, 19, 23, 24, 80, 80, 81, 333, 5000, 443)),
        "name": pick(("near.example", "nobody.example", str(HOST))),
        "local": pick((0, 4000, 4001, 81)),
        "length": pick((1, 3, 10, 100, 1460, 2048)),
        "long": pick((200, 2920, 20000)),
        "mode": random.randrange(4),
        "flag": random.randrange(2),
        "few": pick((0, 1, 2, 5, 30)),
        "linger": pick((-1, 0, 2)),
        "server": pick((333, 5000)),
        "baud": pick((9600, 115200, 921600)),
        "duration": pick((10, 1000, 60000)),
    }
    chance = random.random()
    commands = OFTEN if chance < 0.4 else RARE if chance < 0.42 else COMMANDS[dialect]
    return pick(commands).format(**words).encode()


def data(random: Random) -> bytes:
    """What is typed behind a prompt, and elsewhere by mistake."""
    chance = random.random()
    if chance < 0.8:
        return bytes(random.choices(b"abc \\0\n", k=random.choice(LENGTHS)))
    return b"+++" if chance < 0.9 else random.choice(JUNK)
