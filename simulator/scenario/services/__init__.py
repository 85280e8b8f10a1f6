"""What the hosts of the world serve: each kind is a small class, with a line in `table.py`."""
