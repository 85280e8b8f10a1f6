"""The channel by which a run is controlled from outside: JSON-RPC 2.0, a message a line."""
