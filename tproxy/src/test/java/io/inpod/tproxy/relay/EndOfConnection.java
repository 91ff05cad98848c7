package io.inpod.tproxy.relay;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The ways in which an application ends its connection, and what its peer, another application, sees of each. */
enum EndOfConnection {
    /** Everything was read: the kernel sends FIN. */
    CLOSE {
        @Override
        void end(Socket one, Socket other) throws IOException {
            send(one, LAST_WORDS);
            one.close();
        }
    },
    /** More than all buffers on the way hold, then FIN. */
    CLOSE_WITH_MUCH_UNSENT {
        @Override
        void end(Socket one, Socket other) throws IOException {
            send(one, MUCH);
            one.close();
        }
    },
    /** The kernel sends FIN, and the connection stays open in the other direction. */
    HALF_CLOSE {
        @Override
        void end(Socket one, Socket other) throws IOException {
            send(one, LAST_WORDS);
            one.shutdownOutput();
        }
    },
    /** Something is unread: the kernel sends what was written, and RST. */
    CLOSE_WITH_UNREAD {
        @Override
        void end(Socket one, Socket other) throws IOException {
            send(other, 100);
            awaitUnread(one);
            send(one, LAST_WORDS);
            one.close();
        }
    },
    /** The other one is still sending: an early answer to an upload, such as HTTP's 401 and 413. */
    CLOSE_WHILE_THE_OTHER_SENDS {
        @Override
        void end(Socket one, Socket other) throws IOException {
            send(other, 100_000);
            one.getInputStream().readNBytes(10);
            send(one, LAST_WORDS);
            one.close();
        }
    },
    /** The other one sends without end and reads nothing until it can send no more. */
    CLOSE_WHILE_THE_OTHER_TALKS {
        @Override
        void end(Socket one, Socket other) throws Exception {
            Future<?> talk = THREADS.submit(() -> {
                sendUntilItFails(other);
                return null;
            });
            one.getInputStream().readNBytes(1000);
            send(one, 3);
            one.close();
            talk.get();
        }
    },
    /** SO_LINGER 0: the kernel sends RST. */
    RESET {
        @Override
        void end(Socket one, Socket other) throws IOException {
            send(one, LAST_WORDS);
            one.setSoLinger(true, 0);
            one.close();
        }
    },
    /** FIN, and later RST: what was said is complete, and no more is taken. */
    HALF_CLOSE_AND_RESET {
        @Override
        void end(Socket one, Socket other) throws IOException {
            send(one, LAST_WORDS);
            one.shutdownOutput();
            one.setSoLinger(true, 0);
            one.close();
            sendUntilItFails(other);
        }
    },
    /** The same with an unread answer. */
    HALF_CLOSE_AND_CLOSE_WITH_UNREAD {
        @Override
        void end(Socket one, Socket other) throws IOException {
            send(one, LAST_WORDS);
            one.shutdownOutput();
            send(other, 100);
            awaitUnread(one);
            one.close();
            sendUntilItFails(other);
        }
    };

    static final int LAST_WORDS = 20_000;
    static final int MUCH = 24 << 20;
    static final ExecutorService THREADS = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        return thread;
    });

    abstract void end(Socket one, Socket other) throws Exception;

    /** {@return what the other one sees, such as "20000 bytes, reset"} */
    String seenByTheOther(Socket one, Socket other) throws Exception {
        Future<String> seen = this == CLOSE_WITH_MUCH_UNSENT ? THREADS.submit(() -> readToTheEnd(other)) : null;
        end(one, other);
        return seen == null ? readToTheEnd(other) : seen.get();
    }

    static String readToTheEnd(Socket socket) throws IOException {
        byte[] chunk = new byte[1 << 16];
        long bytes = 0;
        try {
            while (true) {
                int n = socket.getInputStream().read(chunk);
                if (n < 0) {
                    return bytes + " bytes, end";
                }
                bytes += n;
            }
        } catch (SocketException reset) {
            return bytes + " bytes, reset";
        }
    }

    private static void send(Socket socket, int bytes) throws IOException {
        socket.getOutputStream().write(new byte[bytes]);
    }

    private static void awaitUnread(Socket socket) throws IOException {
        while (socket.getInputStream().available() < 100) {
            Thread.onSpinWait();
        }
    }

    private static void sendUntilItFails(Socket socket) {
        try {
            while (true) {
                send(socket, 20_000);
            }
        } catch (IOException failed) {
            // as it must
        }
    }
}
