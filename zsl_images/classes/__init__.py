"""The first spring: a table of attributes or of words becomes the classes a (K, A).

file ─▶ sheet ─▶ attribute sheet ─▶ class table
"""
