"""Labelling: any number of photos become a label file, in parts that survive a kill.

photos ─▶ run ─▶ parts ─▶ label file ─▶ exports
"""
