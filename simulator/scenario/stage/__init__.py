"""Where a simulation runs: the modules, their ports and clients, the world around them, the clock, the trace."""
