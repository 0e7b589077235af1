"""Retort: a language server and command line for Elixir that reviews projects without compiling them."""

__version__ = "0.1.0"
