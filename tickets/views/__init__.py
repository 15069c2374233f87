"""Thin views, split by who looks."""
