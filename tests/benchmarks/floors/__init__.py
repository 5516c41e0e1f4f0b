"""Floors of the booking rows: the minimum that a correct booking needs, written independently of slotmcp.

A booking has an idempotency key, a check against overlapping times of its technician, a contact, an entry in a change
log and a new revision of the project, in one durable transaction. The caller chooses the technician. Nothing here
imports slotmcp.
"""
