package io.inpod.examples.ztunnel.log;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.Configurator.ExecutionStatus;
import ch.qos.logback.classic.spi.LoggingEvent;
import io.inpod.examples.ztunnel.Main;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ServiceLoader;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The queue between the event loops and the log's output. */
@Timeout(60)
class LogQueueTest {
    private static final int OTHERS = 1_000;

    private final LoggerContext context = new LoggerContext();

    private LoggingEvent event(String logger, Level level, String message, Throwable thrown) {
        context.setMDCAdapter(new LogbackMDCAdapter());
        LoggingEvent event = new LoggingEvent("", context.getLogger(logger), level, message, thrown, null);
        event.setInstant(Instant.parse("2026-11-30T01:02:03.000004999Z"));
        return event;
    }

    private static String line(LogFormat format, LoggingEvent event) {
        StringBuilder out = new StringBuilder();
        format.append(out, event);
        return out.toString();
    }

    /** Otherwise lines could be lost without being counted. */
    @Test
    void hasRoomForTheSharesOfLines() {
        LogSetup.set(context, "text");
        try {
            LogQueue queue = (LogQueue) context.getLogger(Logger.ROOT_LOGGER_NAME).getAppender(LogQueue.NAME);

            assertThat(queue.getQueueSize()).isGreaterThanOrEqualTo(Main.LOG_LINES + OTHERS);
        } finally {
            context.stop();
        }
    }

    /** The examples share a class path. */
    @Test
    void otherProgramsKeepTheirLog() {
        ServiceLoader<Configurator> found = ServiceLoader.load(Configurator.class);

        assertThat(found).filteredOn(LogSetup.class::isInstance).singleElement()
                .satisfies(setup -> assertThat(setup.configure(context)).isEqualTo(ExecutionStatus.INVOKE_NEXT_IF_ANY));
        assertThat(context.getLogger(Logger.ROOT_LOGGER_NAME).getAppender(LogQueue.NAME)).isNull();
    }

    @Test
    void whoLogsIsNotBlockedByAReaderWhoHasStoppedAndWhatIsLostIsCounted() throws Exception {
        CountDownLatch writing = new CountDownLatch(1);
        CountDownLatch reads = new CountDownLatch(1);
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        LogQueue queue = new LogQueue(new OutputStream() {
            @Override
            public void write(int one) {
                throw new UnsupportedOperationException();
            }

            @Override
            public void write(byte[] bytes) {
                writing.countDown();
                try {
                    reads.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                written.writeBytes(bytes);
            }
        });
        queue.setContext(context);
        queue.setQueueSize(10);
        queue.start();
        queue.doAppend(event("access", Level.INFO, "first", null));
        writing.await();
        for (int i = 0; i < 100; i++) {
            queue.doAppend(event("access", Level.INFO, "line " + i, null));
        }
        assertThat(queue.lost()).isEqualTo(90);
        reads.countDown();
        queue.stop();
        assertThat(written.toString(StandardCharsets.UTF_8).lines()).hasSize(11).last().asString().endsWith("\tline 9");
    }

    @Test
    void aLineIsTextAsIstios() {
        assertThat(line(new LogFormat.Text(), event("access", Level.WARN, "connection failed\ta=1\r\nb=\u001b[31m\u0085", null)))
                .isEqualTo("2026-11-30T01:02:03.000004Z\twarn\taccess\tconnection failed\ta=1  b= [31m \n");
        assertThat(line(new LogFormat.Text(), event("proxy", Level.ERROR, "it failed", new IllegalStateException("x"))))
                .startsWith("2026-11-30T01:02:03.000004Z\terror\tproxy\tit failed\njava.lang.IllegalStateException: x\n\tat ").endsWith("\n");
    }

    @Test
    void aLineIsAnObjectAsIstios() {
        assertThat(line(new LogFormat.Json(), event("access", Level.INFO,
                "connection complete\tsrc.addr=10.0.0.1:80 src.workload=\"a b\" dst.addr=[fd00::1]:80 bytes_sent=4 passed_over=0 count=007"
                        + " duration=\"1ms\" error=\"a 'b' \\ \u0001\"",
                null)))
                .isEqualTo("{\"level\":\"info\",\"time\":\"2026-11-30T01:02:03.000004Z\",\"scope\":\"access\",\"message\":\"connection complete\","
                        + "\"src.addr\":\"10.0.0.1:80\",\"src.workload\":\"a b\",\"dst.addr\":\"[fd00::1]:80\",\"bytes_sent\":4,\"passed_over\":0,"
                        + "\"count\":\"007\",\"duration\":\"1ms\",\"error\":\"a 'b' \\\\ \\u0001\"}\n");
        assertThat(line(new LogFormat.Json(), event("access", Level.INFO, "it\tdst.addr=\"na me:80\" direction=\"outbound\"", null)))
                .endsWith("\"message\":\"it\",\"dst.addr\":\"na me:80\",\"direction\":\"outbound\"}\n");
        assertThat(line(new LogFormat.Json(), event("ztunnel", Level.DEBUG, "a \"quoted\" word", null)))
                .isEqualTo("{\"level\":\"debug\",\"time\":\"2026-11-30T01:02:03.000004Z\",\"scope\":\"ztunnel\",\"message\":\"a \\\"quoted\\\" word\"}\n");
        assertThat(line(new LogFormat.Json(), event("ztunnel", Level.INFO, "odd\tno fields=1", new IllegalStateException("x"))))
                .contains("\"message\":\"odd\",\"detail\":\"no fields=1\",\"stack\":\"java.lang.IllegalStateException: x\\u000a\\u0009at ")
                .endsWith("\"}\n").hasLineCount(1);
    }
}
