"""How fast and how lean the simulator is, as ratios to bare programs measured in the same run. See README.md."""
