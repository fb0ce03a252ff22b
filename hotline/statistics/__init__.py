"""Statistics at the edge: tables for export, their files, the words of the screens."""
