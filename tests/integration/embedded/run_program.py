"""``hotline run`` as small as can be: supervises the children named in its arguments."""

from __future__ import annotations

import asyncio
import sys

import asyncpg

from config.settings import load_settings
from hotline.embedded.servers import ServerUrls
from hotline.errors import HotlineError
from hotline.supervise.children import ChildSpec
from hotline.supervise.supervisor import supervise


async def prepare(urls: ServerUrls) -> None:
    if "--fail" in sys.argv:
        raise HotlineError("The preparation failed on purpose.")
    assert urls.owner_url is not None
    connection = await asyncpg.connect(urls.owner_url)
    await connection.execute("CREATE TABLE IF NOT EXISTS kept (n int); GRANT ALL ON kept TO hotline_service")
    await connection.close()


def main() -> int:
    names = [name for name in sys.argv[1:] if name != "--fail"]
    children = [ChildSpec(name, (name,), serves=name in {"serve", "broken"}, module="child_program") for name in names]
    try:
        return asyncio.run(
            supervise(
                load_settings(),
                children,
                prepare=prepare,
                on_ready=lambda address: print(f"READY {address}", flush=True),
            )
        )
    except HotlineError as error:
        print(error, file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
