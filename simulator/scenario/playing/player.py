"""Plays a transcript against modules on serial ports, with real sockets as peers."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import trio

from simulator.core.clock import Clock
from simulator.scenario.playing.matching import MismatchError, Printed
from simulator.scenario.playing.peers import Peer, PeerError
from simulator.scenario.playing.stage import STEP_LIMIT, ModulePort, Stage, Terminal
from simulator.scenario.playing.surroundings import Surroundings, arrange
from simulator.scenario.playing.variables import UnknownVariableError, Variables
from simulator.scenario.playing.verbs import Action, bind
from simulator.scenario.transcript import Step, Transcript, TranscriptError

LONGEST_WAIT: Final = 0.5
"""Real seconds in which all the time has to pass that a transcript lets pass."""


class PlayError(Exception):
    """The module did not do what the transcript says; the message names file, line and step."""


class Player:
    """One performance of one transcript. `world` is the text of the world file the modules need."""

    def __init__(
        self,
        transcript: Transcript,
        actions: Sequence[tuple[Step, Action]],
        surroundings: Surroundings,
        variables: Variables,
    ) -> None:
        self.world = surroundings.world
        self._transcript = transcript
        self._actions = actions
        self._peers = surroundings.peers
        self._variables = variables

    @property
    def speed(self) -> float:
        """How many times as fast time has to pass for the transcript to be played without long waits."""
        passing: float = sum(step.arguments["ms"] for step, _ in self._actions if step.action == "advance_time") / 1000
        return max(1.0, passing / LONGEST_WAIT)

    async def play(
        self,
        ports: Mapping[str, trio.abc.Stream],
        find_port: ModulePort,
        *,
        clock: Clock | None = None,
        limit: float = STEP_LIMIT,
    ) -> None:
        """Run all steps.

        `ports`: the client's end of each module's serial port, by the module's name in the transcript, in the order of
        the modules' numbers. `find_port` tells where servers of a module are on this machine. `limit`: seconds a step
        may take. Raises PlayError, TranscriptError.
        """
        if set(ports) != set(self._transcript.modules):
            raise self._transcript.place("modules").error(f"each needs a port: {', '.join(self._transcript.modules)}")
        terminals = {
            name: Terminal(port, Printed(self._variables, self._transcript.tolerated), limit=limit)
            for name, port in ports.items()
        }
        stage = Stage(terminals, self._peers, self._variables, find_port, clock=clock, limit=limit)
        failure: Exception | None = None
        async with trio.open_nursery() as nursery:
            for terminal in terminals.values():
                nursery.start_soon(terminal.run)
            try:
                for step, action in self._actions:
                    await _perform(step, action, stage)
            except (PlayError, TranscriptError) as error:
                failure = error
            nursery.cancel_scope.cancel()
        if failure is not None:
            raise failure  # here, because a nursery would wrap it


async def _perform(step: Step, action: Action, stage: Stage) -> None:
    try:
        await action(stage)
    except (MismatchError, PeerError) as error:
        raise PlayError(f"{step.place}: {step.action}: {error}") from error
    except UnknownVariableError as error:
        raise step.place.error(f"{step.action}: variable {error} is not defined in vars") from error
    except re.error as error:
        raise step.place.error(f"{step.action}: not a regular expression: {error}") from error


@asynccontextmanager
async def prepare(transcript: Transcript) -> AsyncIterator[Player]:
    """Check every step and put the peers in place, before there is a module. Raises TranscriptError, PeerError."""
    if transcript.same_as is not None:
        raise transcript.place("same_as").error(f"no session of its own; it is that of {transcript.same_as}")
    actions = [(step, bind(step)) for step in transcript.steps]
    variables = Variables(transcript.variables)
    failure: Exception | None = None
    peers: dict[str, Peer] = {}
    try:
        async with trio.open_nursery() as nursery:
            try:
                surroundings = await arrange(transcript, variables, nursery, peers)
                yield Player(transcript, actions, surroundings, variables)
            except UnknownVariableError as error:
                failure = transcript.place("world").error(f"variable {error} is not defined in vars")
            except Exception as error:
                failure = error
            nursery.cancel_scope.cancel()
    finally:
        for peer in peers.values():
            peer.close()
    if failure is not None:
        raise failure  # here, because a nursery would wrap it
