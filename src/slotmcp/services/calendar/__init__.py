"""Synchronization of projects with external calendars."""
