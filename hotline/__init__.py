"""The edge: command line, web API, console, intake, workers, migrations, wiring."""

__version__ = "0.1.0"
