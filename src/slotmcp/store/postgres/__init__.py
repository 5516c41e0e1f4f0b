"""The store on PostgreSQL: the same statements and units of work, over asyncpg."""
