"""When certificates of applications end: registered ones, and those that a subject recognised."""
