package io.inpod.examples.ztunnel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.ztunnel.limit.LogLines;
import io.inpod.examples.ztunnel.traffic.ResponseFlag;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** A client that causes many lines of the log, and others beside it. */
class LogLinesTest {
    private static final int TOTAL = 600;

    private final ListAppender<ILoggingEvent> written = new ListAppender<>();
    private final List<Logger> loggers = List.of((Logger) LoggerFactory.getLogger("limits"), (Logger) LoggerFactory.getLogger("access"));
    private final LogLines lines = new LogLines(TOTAL);
    private final LogLines.OfPod pod = lines.pod("p");
    private final LogLines.OfPod other = lines.pod("q");

    @BeforeEach
    void listen() {
        written.start();
        loggers.forEach(logger -> logger.addAppender(written));
    }

    @AfterEach
    void stop() {
        loggers.forEach(logger -> logger.detachAppender(written));
    }

    private static InetAddress address(String text) throws UnknownHostException {
        return InetAddress.getByName(text);
    }

    private static int takeAll(LogLines.OfPod pod, InetAddress client) {
        int taken = 0;
        for (int i = 0; i < 10_000; i++) {
            taken += pod.take(client, 1) ? 1 : 0;
        }
        return taken;
    }

    private List<String> messages() {
        return written.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    @Test
    void aClientAndItsPodLeaveLinesToTheOthersAndWhatIsLeftOutIsCounted() throws Exception {
        assertThat(takeAll(pod, address("10.0.0.1"))).isEqualTo(TOTAL / 3);
        assertThat(pod.take(address("10.0.0.2"), 1)).isTrue();
        assertThat(other.take(address("10.0.0.1"), 1)).isTrue();

        pod.report();
        other.report();

        assertThat(messages()).containsExactly("p has its share of log lines\tleft_out=9800 held=202 total=600",
                "9800 lines left out for client 10.0.0.1 of p");
        assertThat(takeAll(pod, address("10.0.0.1"))).as("in the next period").isEqualTo(TOTAL / 3);
    }

    /** Each with an address of its own, such as a host with an IPv6 prefix. */
    @Test
    void manyClientsOfAPodHaveItsShareTogetherAndAPrefixIsOneClient() throws Exception {
        int taken = 0;
        for (int i = 1; i < 2000; i++) {
            taken += pod.take(address("fd00::" + Integer.toHexString(i)), 1) ? 1 : 0;
        }
        assertThat(taken).isEqualTo(TOTAL / 3);
        for (int i = 1; i < 2000; i++) {
            taken += pod.take(address("10.0." + i / 250 + "." + i % 250), 1) ? 1 : 0;
        }
        assertThat(taken).isEqualTo(TOTAL / 2);
        assertThat(other.take(address("10.0.0.1"), 1)).isTrue();
        assertThat(pod.take(null, 1)).isFalse();

        pod.end();
        assertThat(messages()).hasSize(2); // the prefix is the only client that has had a line and then none
        assertThat(pod.take(address("10.0.0.1"), 1)).isTrue();
        assertThat(takeAll(other, address("10.0.0.3"))).as("what has ended holds nothing").isEqualTo(TOTAL / 3);
    }

    @Test
    void theAccessLogKeepsToItsClientsLines() throws Exception {
        AccessLog access = new AccessLog(pod);
        InetSocketAddress to = new InetSocketAddress(address("10.0.0.9"), 8080);
        for (int i = 0; i < 1000; i++) {
            access.failed(new InetSocketAddress(address("10.0.0.1"), 1000 + i), to, ResponseFlag.TLS_FAILURE, "tls handshake");
        }
        access.failed(new InetSocketAddress(address("10.0.0.2"), 1), to, ResponseFlag.CONNECT, "no");

        assertThat(messages()).hasSize(TOTAL / 3 + 1).last().asString().contains("src.addr=10.0.0.2:1 ").contains("response_flags=CONNECT error=\"no\"");
    }
}
