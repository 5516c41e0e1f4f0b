"""Calendars outside: what happened there, told here, and what holds here, told there."""
