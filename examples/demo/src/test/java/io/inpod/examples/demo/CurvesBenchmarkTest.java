package io.inpod.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.inpod.netns.testing.Tool;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * The tables, the bends and the charts of {@code ./inpod bench curves}, from a recorded result with three runs of two contenders, one of which
 * failed. The figures and bends that are expected were found by hand.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CurvesBenchmarkTest {
    private static final Path RECORDED = Path.of("src/test/resources/curves-benchmark.json");
    private static final String PEER = "a-peer-with-a-long-name";

    private DrawnBenchmark drawn = new DrawnBenchmark(Path.of("."), "", "", 0);

    @BeforeAll
    void draw(@TempDir Path directory) throws Exception {
        Tool.require("python3");
        drawn = DrawnBenchmark.draw(directory, RECORDED);
    }

    private List<String> charts() throws Exception {
        try (Stream<Path> files = Files.list(drawn.out())) {
            return files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".svg")).map(name -> name.replace(".svg", "")).sorted()
                    .toList();
        }
    }

    @Test
    void hasTheMediansOfEachPoint() {
        // with 2 and 500 pods, ours 60 and 5, 90 and 7.5, 120 and 10 ms
        assertThat(drawn.rows("Pods", "a new pod is acknowledged: p50, ms")).containsExactly(
                List.of("a new pod is acknowledged: p50, ms", "inpod", "90.0", "6.00", "6.00", "6.00", "6.00", "7.50"),
                List.of("a new pod is acknowledged: p50, ms", PEER, "0.20", "0.60", "0.30", "0.20", "0.20", "0.90"));
        assertThat(drawn.rows("Open connections", "resident memory").get(0)).as("below 1,000 connections there is no figure").endsWith("–", "–", "12.0", "11.0",
                "10.0");
        assertThat(drawn.rows("Message sizes", "figure").get(0)).containsSequence("64 B", "256 B", "1 KiB").endsWith("256 KiB", "1 MiB");
    }

    @Test
    void saysOnWhatItDependsAndWhatFailed() {
        assertThat(drawn.table()).contains("* descriptors of a process, at most: 20000\n", "* open connections, at most: 7,200, as that allows\n",
                "* NOT MEASURED, other", "* FAILED, " + PEER + ", run 2: of 100 requests 1 failed", "Medians of the runs (inpod: 3; " + PEER + ": 2).");
        assertThat(drawn.errors()).contains("FAILED: " + PEER + ", run 2");
        assertThat(drawn.status()).as("exit status").isEqualTo(1);
    }

    @Test
    void namesEachBendOnce() {
        // Not named: a rate that rises, 0.2 to 0.6 and 0.9 ms of an acknowledgement, and a p99 of 0.2 between others of 0.9 ms, which is chance.
        assertThat(drawn.section("Where it bends").lines().filter(line -> line.startsWith("* "))).containsExactly(
                "* Pods, inpod: a new pod is acknowledged: p50, ms: 90.0 at 2, 6.00 at 10",
                "* Pods, inpod: the last tenth of the new pods: p50, ms: 75.0 at 2, 6.00 at 10",
                "* Pods, inpod: resident memory, MB: 400 at 500, 100 at 2",
                "* Pods, inpod: CPU when idle, %: 4.00 at 200, 0.10 at 2",
                "* Open connections, inpod: 1,000 requests/s beside them: p99, ms: 3.75 at 7,200, 0.90 at 10",
                "* Parallel streams, " + PEER + ": all streams together, Gbit/s: 3.90 at 16, 8.00 at 1",
                "* Parallel streams, " + PEER + ": all streams together, Gbit/s: 1.50 at 64, 3.90 at 16",
                "* Parallel streams, " + PEER + ": CPU of the proxy, s/GB: 2.20 at 8, 1.00 at 1",
                "* Message sizes, " + PEER + ": requests, /s: 400 at 256 KiB, 4,000 at 64 KiB, 2.5 times worse than in proportion",
                "* Message sizes, " + PEER + ": CPU of the proxy for a request, µs: 1,700 at 256 KiB, 200 at 64 KiB, 2.1 times worse than in proportion",
                "* Message sizes, " + PEER + ": echoed bytes, MB/s: 105 at 256 KiB, 262 at 64 KiB");
    }

    @Test
    void putsPortionsTogether(@TempDir Path directory) throws Exception {
        String recorded = Files.readString(RECORDED);
        Path pods = Files.writeString(directory.resolve("pods.json"), only(recorded, "pods"));
        Path sizes = Files.writeString(directory.resolve("sizes.json"), only(recorded, "sizes"));
        assertThat(DrawnBenchmark.draw(directory, pods, sizes).table()).contains("## Pods", "## Message sizes").doesNotContain("## Parallel streams");
    }

    /** Returns a recorded result, which has a run on each line, with the runs along one axis. */
    private static String only(String recorded, String axis) {
        String head = recorded.substring(0, recorded.indexOf("\"runs\": [\n") + "\"runs\": [\n".length());
        List<String> runs = recorded.lines().filter(line -> line.contains("\"axis\": \"" + axis + "\"")).map(line -> line.replaceAll(",$", "")).toList();
        return head + String.join(",\n", runs) + "]}";
    }

    @Test
    void drawsAChartForEachFigure() throws Exception {
        assertThat(charts()).containsExactly("curves-connections-open", "curves-connections-p50", "curves-connections-p99", "curves-connections-per-connection",
                "curves-pods-enrol", "curves-pods-enrol-last", "curves-pods-idle-cpu", "curves-pods-p50", "curves-pods-resident", "curves-sizes-bytes",
                "curves-sizes-requests", "curves-sizes-requests-cpu", "curves-streams-streams", "curves-streams-streams-cpu");
        for (String chart : charts()) {
            drawn.assertReadable(chart);
            assertThat(drawn.words(chart)).as(chart).contains("inpod", PEER);
        }
    }

    @Test
    void drawsPointsAtTheMeasuredValues() throws Exception {
        List<Double> across = DrawnBenchmark.elements(drawn.chart("curves-streams-streams"), "circle").stream()
                .filter(circle -> circle.getAttribute("class").equals("f1")).map(circle -> DrawnBenchmark.number(circle, "cx")).toList();
        assertThat(across).as("1 to 64 streams, each time twice as many").hasSize(7);
        double step = across.get(1) - across.get(0);
        for (int i = 1; i < across.size(); i++) {
            assertThat(across.get(i) - across.get(i - 1)).as("step " + i).isCloseTo(step, within(0.2));
        }
    }
}
