"""What may stand in a world, in a scenario and behind a verb: kinds of values, tables of fields, and what follows."""
