"""The commands of the ESP8266 firmwares of the NONOS SDK, where they differ from ESP-AT.

They work on the same rooms, and call the handlers of ESP-AT for what is the same.
"""
