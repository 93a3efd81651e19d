"""What is kept: plain functions of a SQLAlchemy connection, each called within one transaction."""
