"""Revisions of the schema. A released revision is never changed."""
