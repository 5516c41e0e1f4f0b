"""Cal.com, as it speaks on the wire: webhooks in, API v2 out."""
