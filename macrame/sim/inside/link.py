# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulator's end of a link: a server for one client, ``macrame.sim.link.SimLink``.

Not a test of its own, though cocotb calls it one. It answers requests that come over a socket in the
directory named by the plusarg ``dir``; simulated time stands still while it waits for the next. Stream beats
do not pass through here: they lie in files that ``player.v`` reads and writes.

A request is the name of a method of ``player.Player`` and its arguments, the answer ("done", what it
returned). While a transfer runs, ("progress", result beats so far) comes now and then; ("stuck",) says that a
register does not answer, and ("close",) ends the simulation.
"""

import os
from multiprocessing.connection import Client

import cocotb

from macrame.sim.inside.player import Player


@cocotb.test()
async def serve(dut):
    """Answer until the client closes, or is gone."""
    connection = Client(os.path.join(cocotb.plusargs["dir"], "socket"), family="AF_UNIX")
    player = Player(dut)
    await player.ready()
    connection.send(("ready",))

    def progress(results):
        connection.send(("progress", results))

    async def answer(name, *arguments):
        if name == "transfer":
            return await player.transfer(*arguments, progress=progress)
        return await getattr(player, name)(*arguments)

    while True:
        try:
            request = connection.recv()
        except EOFError:
            return
        if request[0] == "close":
            connection.send(("done", None))
            return
        try:
            connection.send(("done", await answer(*request)))
        except TimeoutError:
            connection.send(("stuck",))
