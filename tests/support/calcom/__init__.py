"""Fake Cal.com: an HTTP server with its own state, webhooks, and injected faults."""
