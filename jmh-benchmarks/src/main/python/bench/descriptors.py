"""How many open connections the limit of descriptors allows."""

import resource

PAIRS = 16
ROUND = 100


def limit():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def most_connections(descriptors):
    """Returns the greatest number of connections to be opened between PAIRS of pods, if a process may have so many descriptors. A ztunnel
    that serves both ends needs two for each connection. Ours keeps a quarter of them, at most 4,096, for other things, has a socket for
    each 16 KiB of its heap of 256 MiB, and lets each client have as many as are free for its pod, and each pod as many as are free for
    all: with n pairs, one part of 2n + 2 each. What tunnels and listeners take is rounded up to 500."""
    sockets = min(descriptors - min(descriptors // 4, 4096) - 500, 256 * 1024 // 16)
    return max(ROUND, sockets * PAIRS // (2 * PAIRS + 2) // ROUND * ROUND)
