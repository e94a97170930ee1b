//! SQLite and Postgres behind one store: one SQL text, write closures with group commit, migrations.
