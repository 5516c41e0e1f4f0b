"""Migrations of the schema, one revision after another."""
