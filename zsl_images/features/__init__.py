"""The second spring: photos become features x (N, D), the expensive half of the work.

folders ─▶ photo paths ─▶ photos ─▶ backbone, run by an engine ─▶ features ─▶ feature files
"""
