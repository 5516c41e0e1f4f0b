"""SQL store: tables, statements, transactions, migrations, SQLite and PostgreSQL."""
