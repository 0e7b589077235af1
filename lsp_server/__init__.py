"""Retort: a language server and a command line that review Elixir projects without compiling."""

__version__ = "0.1.0"
