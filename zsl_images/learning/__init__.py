"""Learning: folders of photos become a head, or improve one.

photos in class folders ─▶ train, promote        unsorted photos ─▶ adapt
"""
