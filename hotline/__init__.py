"""The edge: command line, web API, console, intake, workers, migrations, wiring."""
