"""What modules print, byte for byte, and what many tests type. The texts are those of esp32-v5, and mostly of all."""

from typing import Final

OK: Final = b"\r\nOK\r\n"
ERROR: Final = b"\r\nERROR\r\n"
BUSY: Final = b"\r\nbusy p...\r\n"
READY: Final = b"\r\nready\r\n"
"""The end of a boot."""

PROMPT: Final = b"\r\nOK\r\n\r\n>"
SENT: Final = b"\r\nSEND OK\r\n"
FAILED: Final = b"\r\nSEND FAIL\r\n"
CANCELED: Final = b"\r\nSEND Canceled\r\n"

JOIN: Final = b'AT+CWJAP="espressif","1234567890"'
"""Joins the access point of a world that says nothing of access points."""
CONNECTED: Final = b"WIFI CONNECTED\r\nWIFI GOT IP\r\n"
"""The station has joined, or is back."""
JOINED: Final = CONNECTED + OK
LOST: Final = b"WIFI DISCONNECT\r\n"

SOFTAP: Final = b'AT+CWSAP="lab","12345678",5,3'
JOIN_LAB: Final = b'AT+CWJAP="lab","12345678"'
"""Joins that softAP."""

OPENED: Final = b"CONNECT\r\n" + OK
"""A link has been opened in single mode; in multiple mode its number and a comma come before."""
