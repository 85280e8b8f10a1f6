"""Scenarios are played: checked, performed, and what came of it."""
