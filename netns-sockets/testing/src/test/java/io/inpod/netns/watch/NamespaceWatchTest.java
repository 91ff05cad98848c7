package io.inpod.netns.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.NamespaceIdentity;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.error.AlreadyClosedException;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Namespaces with names and with processes, as {@code ip netns} makes them. */
@Pods(0)
@Timeout(120)
class NamespaceWatchTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @Test
    void namedNamespacesAreFoundAndTheirEndIsReported() throws IOException {
        try (NamespaceWatch watch = NamespaceWatch.open(Duration.ofMillis(5)); NetworkNamespace here = NetworkNamespace.current()) {
            assertThat(watch.namespaces()).anyMatch(found -> found.identity().equals(here.identity()) && found.processes().contains(ProcessHandle.current().pid()));
            Tool.run(here, "ip", "netns", "add", "watched");
            try {
                FoundNamespace appeared = ((NamespaceEvent.Appeared) until(watch, event -> event instanceof NamespaceEvent.Appeared found
                        && found.namespace().names().contains("watched"))).namespace();
                try (NetworkNamespace opened = appeared.open(); NetworkNamespace named = NetworkNamespace.named("watched")) {
                    assertThat(opened).isEqualTo(named);
                    assertThat(appeared.identity()).isEqualTo(named.identity());
                }
                assertThat(watch.namespaces()).contains(appeared);
                Tool.run(here, "ip", "netns", "delete", "watched");

                FoundNamespace gone = ((NamespaceEvent.Gone) until(watch, event -> event instanceof NamespaceEvent.Gone)).namespace();

                assertThat(gone).isEqualTo(appeared);
                assertThatThrownBy(gone::open).isInstanceOf(NoSuchFileException.class).hasMessageContaining("gone");
            } finally {
                Tool.tryRun(here, "ip", "netns", "delete", "watched");
            }
        }
    }

    private static NamespaceEvent until(NamespaceWatch watch, Predicate<NamespaceEvent> condition) throws IOException {
        for (;;) {
            NamespaceEvent event = watch.next(LIMIT);
            if (condition.test(event)) {
                return event;
            }
        }
    }

    @Test
    void anOwnerLearnsThatItsProcessesHaveEnded() throws IOException {
        try (NetworkNamespace pod = NetworkNamespace.create();
                ChildProcess inside = ChildProcess.start(Tool.inside(pod, "sh", "-c", "echo ready; read line"))) {
            inside.expect("ready");
            FoundNamespace before = Objects.requireNonNull(of(FoundNamespace.all(), pod.identity()));
            assertThat(before.names()).isEmpty();
            assertThat(before.processes()).containsExactly(inside.handle().pid());
            try (NamespaceWatch watch = NamespaceWatch.open(Duration.ofMillis(5)); NetworkNamespace opened = before.open()) {
                assertThat(opened).isEqualTo(pod);
                inside.endInput();

                until(watch, event -> event instanceof NamespaceEvent.Gone gone && gone.namespace().equals(before));
            }
            assertThat(of(FoundNamespace.all(), pod.identity())).as("this process has it open").isNull();
        }
    }

    private static @Nullable FoundNamespace of(List<FoundNamespace> all, NamespaceIdentity identity) {
        return all.stream().filter(found -> found.identity().equals(identity)).findFirst().orElse(null);
    }

    @Test
    void closingEndsAWait() throws Exception {
        NamespaceWatch watch = NamespaceWatch.open(Duration.ofDays(1));
        assertThatThrownBy(() -> watch.next(Duration.ofMillis(1))).isInstanceOf(SocketTimeoutException.class);
        CompletableFuture<NamespaceEvent> waiting = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                waiting.complete(watch.next(Duration.ZERO));
            } catch (IOException e) {
                waiting.completeExceptionally(e);
            }
        });
        thread.start();
        while (thread.getState() != Thread.State.TIMED_WAITING) {
            Thread.sleep(1);
        }
        watch.close();
        watch.close();
        thread.join();
        assertThatThrownBy(waiting::join).isInstanceOf(CompletionException.class).hasCauseInstanceOf(AlreadyClosedException.class);
        assertThatThrownBy(() -> watch.next(LIMIT)).isInstanceOf(AlreadyClosedException.class);
    }

    @Test
    void anIntervalOutOfRangeIsRefused() {
        assertThatThrownBy(() -> NamespaceWatch.open(Duration.ZERO)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("interval")
                .hasMessageContaining("1 ms to 1 day");
    }
}
