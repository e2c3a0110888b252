"""Imitate the outside services over real HTTP and real SMTP, for the demo and the tests."""
