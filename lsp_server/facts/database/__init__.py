"""Repos, schemas, changesets, and the database as all migrations leave it."""
