# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulator's end of a link: a server for one client, ``macrame.sim.link.SimLink``.

Not a test, though cocotb runs it as one. It answers requests that arrive over a socket in the
directory named by the plusarg ``dir``; simulated time stops while it waits for the next. Stream beats do not
pass through the socket: they are in files that ``player.v`` reads and writes.

Messages are JSON, one packet of the socket each, so none is read partially. A request is [number,
name, arguments]: a method of ``player.Player``. Its answer is ["done", number, what it returned]. While a
transfer runs, ["progress", number, result beats so far] is sent at intervals; ["stuck", number] means that a
register does not answer, and the name "close" ends the simulation. A request during a transfer ends that
transfer: its client has abandoned it, and will reset the unit.
"""

import json
import os
import select
import socket
from typing import Any

import cocotb

from macrame.sim.inside.player import Player

MESSAGE_BYTES = 1 << 16  # longer than any message


class Abandoned(Exception):
    """The client has sent another request."""


@cocotb.test()
async def serve(dut: Any) -> None:
    """Answer until the client closes the link or ends."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.connect(os.path.join(str(cocotb.plusargs["dir"]), "socket"))

    def tell(*message: object) -> None:
        client.send(json.dumps(message).encode())

    async def answer(number: int, name: str, arguments: list[Any]) -> Any:
        if name != "transfer":
            return await getattr(player, name)(*arguments)

        def progress(results: int) -> None:
            if select.select([client], [], [], 0)[0]:
                raise Abandoned
            tell("progress", number, results)

        weights, activations, results = arguments
        return await player.transfer(weights, activations, results, progress)

    player = Player(dut)
    await player.ready()
    tell("ready", 0)
    while True:
        try:
            request = client.recv(MESSAGE_BYTES)
        except ConnectionError:
            return
        if not request:
            return
        number, name, arguments = json.loads(request)
        if name == "close":
            tell("done", number)
            return
        try:
            tell("done", number, await answer(number, name, arguments))
        except TimeoutError:
            tell("stuck", number)
        except Abandoned:
            pass
