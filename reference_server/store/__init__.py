"""Stored data: plain functions of a SQLAlchemy connection, each called within one transaction.

Statements are built once, when their module is loaded: building one costs more than running it.
"""
