"""The SQL store: tables, statements, migrations and the writer."""
