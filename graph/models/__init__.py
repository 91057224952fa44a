"""Rows and their database constraints, by noun. What a model cannot say stands as SQL in the migrations."""
