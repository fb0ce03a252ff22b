"""Danger while a call goes on: alarms that escalate, the panel's answers, self-harm calls and the shift leader."""
