"""``hotline migrate`` and ``create-key``."""

from __future__ import annotations

import asyncio

from config.settings import Settings, load_settings
from hotline.embedded.servers import embedded_servers
from hotline.sealing.key_file import make_key_file, read_key_file
from hotline.sealing.opening import prepare_vault


def migrate_schema() -> None:
    """Bring the schema up to date."""
    settings: Settings = load_settings()

    async def main() -> None:
        async with embedded_servers(settings) as urls:
            await prepare_vault(settings, urls)

    asyncio.run(main())
    print("The schema is up to date.")


def create_key() -> None:
    """Make the secret key where there is none yet (an outside database needs it before the first start)."""
    settings = load_settings()
    if read_key_file(settings.secret_key_file) is None:
        make_key_file(settings.secret_key_file, settings.cipher_suite)
    print(f"The secret key stands in {settings.secret_key_file}; keep a copy apart from the database.")
