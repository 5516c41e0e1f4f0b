"""Coordinates of postal codes and addresses, from a table file or a geocoding service."""
