"""The shift handover: what is open passes from one shift leader to the next, and duties from persons to the desk."""
