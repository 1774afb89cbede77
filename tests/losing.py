"""A way to a server on which replies get lost."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress


class Losing:
    """Hands on what goes to and fro; of the replies `lose` are kept back, and the line is cut."""

    def __init__(self, port: int) -> None:
        self.lose = 0
        self.lost = 0
        self._server_port = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                ours, _ = self._listening.accept()
                theirs = socket.create_connection(("127.0.0.1", self._server_port))
                for way in ((ours, theirs, False), (theirs, ours, True)):
                    self._threads.append(threading.Thread(target=self._hand_on, args=way))
                    self._threads[-1].start()

    def _hand_on(self, source: socket.socket, target: socket.socket, replies: bool) -> None:
        with suppress(OSError), closing(source), closing(target):
            while some := source.recv(65536):
                if replies and self.lose > 0:
                    self.lose -= 1
                    self.lost += 1
                    break
                target.sendall(some)
            for each in (source, target):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """No more connections; those that there are end with their other end."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join()


@contextmanager
def losing(port: int) -> Iterator[Losing]:
    """A way to a port of the loopback. What uses it is to be closed before."""
    way = Losing(port)
    try:
        yield way
    finally:
        way.close()
