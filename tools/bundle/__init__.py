"""The offline archive: what goes into it (interpreter, wheels, assets), how it is put together, how it installs."""
