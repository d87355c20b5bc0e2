"""Folders of photos become a head, or a better one.

photos in class folders ─▶ train, promote        unsorted photos ─▶ adapt
"""
