"""What holds for a whole project: dependencies, configuration, tests, what `use` brings."""
