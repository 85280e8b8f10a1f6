"""What a scenario, a program or a test can have done: the verbs, one table. Importing this fills it."""

from simulator.scenario.verbs import clock, hosts, modules, peers, radio, serial_port, watching

__all__ = ["clock", "hosts", "modules", "peers", "radio", "serial_port", "watching"]
