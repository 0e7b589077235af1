"""Retort: a language server and command line that reviews Elixir projects without compiling them."""

__version__ = "0.1.0"
