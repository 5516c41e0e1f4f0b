"""Domain model: frozen dataclasses, enumerations and errors. Standard library only."""
