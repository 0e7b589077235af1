"""Secrets in the source, tokens, and published advisories."""
