"""How a database file came to its schema, one revision after another."""
