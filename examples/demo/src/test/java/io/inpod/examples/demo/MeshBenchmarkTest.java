package io.inpod.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.inpod.examples.nodeagent.json.Json;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * The table and the charts of {@code ./inpod bench mesh}, from a recorded result with three runs of each contender, one of which failed, and
 * with a contender that wasn't there. The figures that are expected were calculated by hand.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MeshBenchmarkTest {
    private static final Path RECORDED = Path.of("src/test/resources/mesh-benchmark.json");
    private static final List<String> CHARTS = List.of("throughput", "cpu", "requests", "connections", "memory", "latency", "start");

    private DrawnBenchmark drawn = new DrawnBenchmark(Path.of("."), "", "", 0);

    @BeforeAll
    void draw(@TempDir Path directory) throws Exception {
        Tool.require("python3");
        drawn = DrawnBenchmark.draw(directory, RECORDED);
    }

    /** Returns the cells of the row that begins with a label, in the section with a title. */
    private List<String> row(String title, String label) {
        return drawn.rows(title, label).get(0);
    }

    @Test
    void hasMediansAndTheRatiosOfPairs() {
        // ours 8.0, 9.6, 6.4; bare 16.0, 17.6, 16.8; Envoy 6.4, failed, 3.2; the peer 10.0, 9.6, 8.0
        assertThat(row("Warm", "1 stream, Gbit/s")).containsExactly("1 stream, Gbit/s", "16.8", "8.00", "4.80", "9.60", "0.50 (0.38–0.55)", "1.62 (1.25–2.00)",
                "0.80 (0.80–1.00)");
        assertThat(row("Cold", "1 stream, Gbit/s")).startsWith("1 stream, Gbit/s", "6.72", "3.20", "1.92");
        assertThat(row("Warm", "CPU, 1 stream")).as("nothing has taken the CPU time of the bare network").startsWith("CPU, 1 stream, s/GB", "–", "1.00");
    }

    @Test
    void namesWhatFailedAndWhatIsMissing() {
        assertThat(drawn.table()).contains("* NOT MEASURED, haproxy: haproxy isn't installed", "* FAILED, envoy, run 2: of 100 requests 1 failed");
        assertThat(drawn.errors()).contains("FAILED: envoy, run 2");
        assertThat(drawn.status()).as("exit status").isEqualTo(1);
    }

    @Test
    void saysOnWhatItDepends() {
        assertThat(drawn.table()).contains("* kernel: 6.18\n", "* cpu: a processor\n", "* congestion control: cubic\n", "* jdk: openjdk",
                "* inpod ran as: `java -XX:+UseSerialGC Main`\n");
    }

    @Test
    void saysWhereOursIsBehindInEachPair() {
        String behind = drawn.section("Where inpod is behind envoy in each of 2 pairs");
        behind = behind.substring(0, behind.indexOf("\n## "));
        assertThat(behind).contains("resident at the end, MB: 1.16").doesNotContain("Gbit/s", "resident when ready");
        assertThat(drawn.section("Where inpod is behind a-peer")).as("ours equals the peer in one of three pairs").doesNotContain("Gbit/s");
    }

    @Test
    void keepsTheResult() throws IOException {
        assertThat(Json.read(Files.readString(drawn.out().resolve("mesh.json")))).isEqualTo(Json.read(Files.readString(RECORDED)));
    }

    @Test
    void putsRunsOfTheSameKindTogether(@TempDir Path other) throws Exception {
        assertThat(DrawnBenchmark.draw(other, RECORDED, RECORDED).table()).contains("runs: 6\n", "FAILED, envoy, run 5", "in each of 4 pairs of runs");

        Path bbr = Files.writeString(other.resolve("bbr.json"), Files.readString(RECORDED).replace("\"cubic\"", "\"bbr\""));
        DrawnBenchmark refused = DrawnBenchmark.draw(other, RECORDED, bbr);
        assertThat(refused.status()).isEqualTo(1);
        assertThat(refused.errors()).contains("can't be put together");
    }

    @Test
    void drawsNoTextOverAnotherOrOutside() throws Exception {
        for (String chart : CHARTS) {
            drawn.assertReadable(chart);
        }
    }

    @Test
    void drawsLightAndDarkWithAllContenders() throws Exception {
        for (String chart : CHARTS) {
            assertThat(drawn.chart(chart).getElementsByTagName("style").item(0).getTextContent()).contains("@media(prefers-color-scheme:dark)");
            assertThat(drawn.words(chart)).as(chart).contains("inpod", "envoy", "a-peer-with-a-long-name");
        }
    }

    @Test
    void drawsBarsInProportion() throws Exception {
        List<Double> lengths = DrawnBenchmark.elements(drawn.chart("requests"), "rect").stream().filter(bar -> bar.getAttribute("class").equals("f1"))
                .map(bar -> DrawnBenchmark.number(bar, "width")).toList();
        assertThat(lengths).as("cold 8,000 and warm 20,000 requests per second").hasSize(2);
        assertThat(lengths.get(1) / lengths.get(0)).isCloseTo(2.5, within(0.01));
    }
}
