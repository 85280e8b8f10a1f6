"""Who is around the modules: hosts, stations, and the peers of scenarios."""
