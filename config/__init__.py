"""Settings (``HOTLINE_*``) and the published data files with their overlay."""
