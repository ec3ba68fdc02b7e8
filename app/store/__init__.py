"""The only place that knows SQLAlchemy: tables, migrations, transactions. Plain frozen values come out."""
