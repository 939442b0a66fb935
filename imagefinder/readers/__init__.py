"""File → pictures: one small module a family of formats."""
