"""The dashboard: what an operator sees, and can do, in a browser."""
