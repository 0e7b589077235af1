"""Routers as they expand, endpoints, controllers, and the paths that code is written with."""
