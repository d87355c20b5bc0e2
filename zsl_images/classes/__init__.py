"""The first spring: a table of attributes or of descriptions becomes the classes a (K, A).

file ─▶ sheet ─▶ attribute sheet ─▶ class table
"""
