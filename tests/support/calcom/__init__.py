"""A stand-in for Cal.com: a real HTTP server with a small state of its own, webhooks, and faults on demand."""
