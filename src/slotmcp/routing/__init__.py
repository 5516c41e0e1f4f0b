"""Travel times by road from a routing service."""
