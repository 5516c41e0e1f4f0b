"""Cal.com adapter: webhooks and API v2."""
