"""Store on PostgreSQL: the same statements and units of work, run with asyncpg."""
