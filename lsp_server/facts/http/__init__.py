"""Requests to other servers: their failures, their timeouts, payments."""
