"""Playing scenarios: what the client types, what it expects, and what the world does meanwhile."""
