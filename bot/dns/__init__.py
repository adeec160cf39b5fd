"""Asking: questions, answers, and the resolver that carries them."""
