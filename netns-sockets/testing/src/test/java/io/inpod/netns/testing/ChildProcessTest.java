package io.inpod.netns.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChildProcessTest {
    private static ChildProcess impatient(String script) throws IOException {
        return ChildProcess.start(new ProcessBuilder("sh", "-c", script), Duration.ofSeconds(1));
    }

    @Test
    void linesGoBothWays() throws Exception {
        LeakCheck leaks = LeakCheck.begin();
        try (ChildProcess cat = ChildProcess.start(List.of("cat"))) {
            String longest = "ü".repeat(100_000);
            for (String line : new String[] {"one", "", longest}) {
                cat.say(line);
                cat.expect(line);
            }
            cat.say("two");
            cat.say("three");
            assertThat(cat.lineWith("ree")).isEqualTo("three");
            cat.endInput();
            assertThat(cat.awaitExit()).isZero();
        }
        leaks.verify();
    }

    @Test
    void silenceFailsAndNamesWhatWasAwaited() throws IOException {
        try (ChildProcess silent = impatient("echo begun; printf half; exec sleep 600")) {
            silent.expect("begun");
            assertThatThrownBy(() -> silent.expect("ready")).isInstanceOf(AssertionError.class).hasMessageContaining("sleep 600")
                    .hasMessageContaining("takes longer than 1 s; awaited: ready; printed: begun\nhalf");
            assertThatThrownBy(silent::awaitExit).isInstanceOf(AssertionError.class).hasMessageContaining("awaited: its end");
        }
    }

    /** A reader of the pipe would wait for the process that is left. */
    @Test
    void theEndFailsEvenIfAnotherProcessHasTheOutputOpen() throws IOException {
        try (ChildProcess parent = ChildProcess.start(List.of("sh", "-c", "sleep 600 & echo $!; exit 3"))) {
            long left = Long.parseLong(parent.line("the process that is left"));
            assertThatThrownBy(() -> parent.line("more")).isInstanceOf(AssertionError.class).hasMessageContaining("has ended with 3; awaited: more");
            assertThat(ProcessHandle.of(left).orElseThrow().destroyForcibly()).isTrue();
        }
    }

    @Test
    void manyOtherLinesFailToo() throws IOException {
        try (ChildProcess chatty = impatient("while :; do echo again; done")) {
            assertThatThrownBy(() -> chatty.lineWith("ready")).isInstanceOf(AssertionError.class).hasMessageContaining("awaited: ready");
        }
    }

    @Test
    void anotherLineThanExpectedFails() throws IOException {
        try (ChildProcess other = impatient("echo no")) {
            assertThatThrownBy(() -> other.expect("yes")).isInstanceOf(AssertionError.class).hasMessageContaining("printed \"no\" where \"yes\" was expected");
        }
    }

    @Test
    void interruptionEndsTheWaiting() throws IOException {
        try (ChildProcess silent = ChildProcess.start(List.of("sleep", "600"))) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> silent.line("anything")).isInstanceOf(IOException.class).hasMessageContaining("interrupted").hasMessageContaining("anything");
            assertThat(Thread.interrupted()).isTrue();
        }
    }
}
