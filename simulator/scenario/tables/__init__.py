"""The tables of a world, one file for each theme: what may stand in them, and what they become.

A chapter adds a file here whose `TABLES` says which keys it brings to the world (`Field`, from `scenario.schema`).
What such a key becomes is found in the world by its class: `world.get(Weather)`.
"""
