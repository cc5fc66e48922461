"""The business rules: one package a noun, each with model, store and operations."""
