package io.inpod.netlink;

import io.inpod.netns.error.AlreadyClosedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A socket that goes back to its lender when it is closed, unless an answer is outstanding: another request would get it. */
final class LentTransport implements NetlinkTransport {
    private final KernelTransport transport;
    private final Consumer<KernelTransport> lender;
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile boolean outstanding;

    LentTransport(KernelTransport transport, Consumer<KernelTransport> lender) {
        this.transport = transport;
        this.lender = lender;
    }

    private void requireOpen() throws IOException {
        if (closed.get()) {
            throw new AlreadyClosedException("the netlink socket");
        }
    }

    @Override
    public int port() {
        return transport.port();
    }

    @Override
    public int receiveBytes() throws IOException {
        requireOpen();
        return transport.receiveBytes();
    }

    @Override
    public void send(ByteBuffer messages) throws IOException {
        requireOpen();
        outstanding = true;
        transport.send(messages);
    }

    @Override
    public @Nullable ByteBuffer receive(int timeoutMillis) throws IOException {
        requireOpen();
        return transport.receive(timeoutMillis);
    }

    @Override
    public void answered() {
        transport.answered();
        outstanding = false;
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            if (outstanding) {
                transport.close();
            } else {
                lender.accept(transport);
            }
        }
    }
}
