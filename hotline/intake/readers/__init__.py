"""Readers of export files: each yields rows in constant memory and never stops at a bad one."""
