"""World files and scenario files: what they say, as data, and every mistake in them."""
