package io.inpod.tproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.IoEvent;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the kernel is asked for, each of which is a system call. */
class RelayIoRegistrationTest {
    private static final EpollIoOps EDGES = EpollIoOps.EPOLLET;
    private static final EpollIoOps READ = EpollIoOps.EPOLLIN;
    private static final EpollIoOps END = EpollIoOps.EPOLLRDHUP;
    private static final EpollIoOps WRITE = EpollIoOps.EPOLLOUT;

    private final List<EpollIoOps> asked = new ArrayList<>();
    private boolean fails;
    private final RelayIoRegistration registration = new RelayIoRegistration(new IoRegistration() {
        @Override
        public <T> T attachment() {
            return null;
        }

        @Override
        public long submit(IoOps ops) {
            if (fails) {
                throw new IllegalStateException("not now");
            }
            asked.add((EpollIoOps) ops);
            return ((EpollIoOps) ops).value();
        }

        @Override
        public boolean isValid() {
            return true;
        }

        @Override
        public boolean cancel() {
            return true;
        }
    }, new RelayIoHandle(new EpollIoHandle() {
        @Override
        public FileDescriptor fd() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void handle(IoRegistration with, IoEvent event) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {
            throw new UnsupportedOperationException();
        }
    }, new NamespaceTurns(), 1));

    private static EpollIoOps all(EpollIoOps... ops) {
        int value = 0;
        for (EpollIoOps one : ops) {
            value |= one.value();
        }
        return EpollIoOps.valueOf(value);
    }

    @Test
    void nothingIsAskedForBeforeThereIsSomethingToAskFor() {
        registration.submit(EpollIoOps.NONE);
        assertThat(asked).isEmpty();
    }

    @Test
    void whatIsAskedForAlreadyIsntAskedForAgain() {
        registration.submit(all(READ, END));
        registration.submit(all(READ, END));
        registration.submit(all(READ, END, WRITE));
        registration.submit(all(READ, END, WRITE));
        registration.submit(all(READ, END));
        assertThat(asked).containsExactly(all(READ, END), all(READ, END, WRITE), all(READ, END));
    }

    /** A socket that isn't read stays in the kernel's set for errors, and for whether it can be written, once. */
    @Test
    void whatDiffersOnlyInWhatTheKernelIsntAskedForIsntSubmitted() {
        registration.submit(all(READ, END));
        registration.submit(END);
        registration.submit(EpollIoOps.NONE);
        registration.submit(all(END, WRITE));
        registration.submit(WRITE);
        registration.submit(all(READ, END));
        assertThat(asked).containsExactly(all(READ, END), EDGES, all(WRITE, EDGES), all(READ, END));
    }

    @Test
    void whatHasFailedIsSubmittedAgain() {
        registration.submit(all(READ, END));
        fails = true;
        assertThatThrownBy(() -> registration.submit(all(READ, END, WRITE))).hasMessage("not now");
        fails = false;
        registration.submit(all(READ, END, WRITE));
        assertThat(asked).containsExactly(all(READ, END), all(READ, END, WRITE));
    }

    /** Netty looks at what it has submitted, as if the kernel had been asked. */
    @Test
    void whatIsSkippedIsAnsweredAsWhatIsNot() {
        long first = registration.submit(all(READ, END));
        assertThat(registration.submit(all(READ, END))).isEqualTo(first).isEqualTo(all(READ, END).value());
    }
}
