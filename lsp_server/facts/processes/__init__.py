"""Processes: who starts them, what they answer to, and the supervision trees."""
