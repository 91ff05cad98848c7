package io.inpod.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.inpod.examples.nodeagent.json.Json;
import io.inpod.netns.testing.Tool;
import java.awt.geom.Rectangle2D;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * The table and the charts of {@code ./inpod bench mesh}, from a recorded result with three runs of each contender, one of which failed, and
 * with a contender that wasn't there. The figures that are expected were calculated by hand.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MeshBenchmarkTest {
    private static final Path RECORDED = Path.of("src/test/resources/mesh-benchmark.json");
    private static final List<String> CHARTS = List.of("throughput", "cpu", "requests", "connections", "memory", "latency", "start");

    private Path out = Path.of(".");
    private String table = "";
    private String errors = "";
    private int status;

    @BeforeAll
    void draw(@TempDir Path directory) throws Exception {
        Tool.require("python3");
        out = directory;
        status = draw(out, RECORDED);
        table = Files.readString(out.resolve("printed"));
        errors = Files.readString(out.resolve("errors"));
    }

    /** Draws results together, and returns the exit status. */
    private static int draw(Path out, Path... results) throws Exception {
        List<String> command = new ArrayList<>(List.of("python3", "-B", "../../jmh-benchmarks/src/main/python/bench", "--out", out.toString()));
        for (Path result : results) {
            command.addAll(List.of("--from", result.toString()));
        }
        Process process = new ProcessBuilder(command).redirectOutput(out.resolve("printed").toFile()).redirectError(out.resolve("errors").toFile()).start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }

    /** Returns the cells of the row that begins with a label, in the section with a title. */
    private List<String> row(String title, String label) {
        String section = table.substring(table.indexOf("## " + title));
        String row = section.lines().filter(line -> line.startsWith("| " + label)).findFirst().orElseThrow();
        return Arrays.stream(row.substring(1).split("\\|")).map(String::strip).toList();
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
        assertThat(table).contains("* NOT MEASURED, haproxy: haproxy isn't installed", "* FAILED, envoy, run 2: of 100 requests 1 failed");
        assertThat(errors).contains("FAILED: envoy, run 2");
        assertThat(status).as("exit status").isEqualTo(1);
    }

    @Test
    void saysOnWhatItDepends() {
        assertThat(table).contains("* kernel: 6.18\n", "* cpu: a processor\n", "* congestion control: cubic\n", "* jdk: openjdk",
                "* inpod ran as: `java -XX:+UseSerialGC Main`\n");
    }

    @Test
    void saysWhereOursIsBehindInEachPair() {
        String behind = table.substring(table.indexOf("## Where inpod is behind envoy in each of 2 pairs"));
        behind = behind.substring(0, behind.indexOf("\n## "));
        assertThat(behind).contains("resident at the end, MB: 1.16").doesNotContain("Gbit/s", "resident when ready");
        assertThat(table.substring(table.indexOf("## Where inpod is behind a-peer"))).as("ours equals the peer in one of three pairs").doesNotContain("Gbit/s");
    }

    @Test
    void keepsTheResult() throws IOException {
        assertThat(Json.read(Files.readString(out.resolve("mesh.json")))).isEqualTo(Json.read(Files.readString(RECORDED)));
    }

    @Test
    void putsRunsOfTheSameKindTogether(@TempDir Path other) throws Exception {
        draw(other, RECORDED, RECORDED);
        assertThat(Files.readString(other.resolve("printed"))).contains("runs: 6\n", "FAILED, envoy, run 5", "in each of 4 pairs of runs");

        Path bbr = Files.writeString(other.resolve("bbr.json"), Files.readString(RECORDED).replace("\"cubic\"", "\"bbr\""));
        assertThat(draw(other, RECORDED, bbr)).isEqualTo(1);
        assertThat(Files.readString(other.resolve("errors"))).contains("can't be put together");
    }

    @Test
    void drawsNoTextOverAnotherOrOutside() throws Exception {
        for (String chart : CHARTS) {
            Element svg = chart(chart).getDocumentElement();
            Rectangle2D whole = new Rectangle2D.Double(0, 0, number(svg, "width"), number(svg, "height"));
            List<Rectangle2D> boxes = new ArrayList<>();
            for (Element text : elements(svg, "text")) {
                Rectangle2D box = box(text);
                assertThat(whole.contains(box)).as(chart + ": " + text.getTextContent() + " is inside").isTrue();
                assertThat(boxes).as(chart + ": " + text.getTextContent() + " covers no other text").noneMatch(box::intersects);
                boxes.add(box);
            }
        }
    }

    @Test
    void drawsLightAndDarkWithAllContenders() throws Exception {
        for (String chart : CHARTS) {
            Element svg = chart(chart).getDocumentElement();
            assertThat(svg.getElementsByTagName("style").item(0).getTextContent()).contains("@media(prefers-color-scheme:dark)");
            assertThat(elements(svg, "text").stream().map(Element::getTextContent)).as(chart).contains("inpod", "envoy", "a-peer-with-a-long-name");
        }
    }

    @Test
    void drawsBarsInProportion() throws Exception {
        List<Double> lengths = elements(chart("requests").getDocumentElement(), "rect").stream().filter(bar -> bar.getAttribute("class").equals("f1"))
                .map(bar -> number(bar, "width")).toList();
        assertThat(lengths).as("cold 8,000 and warm 20,000 requests per second").hasSize(2);
        assertThat(lengths.get(1) / lengths.get(0)).isCloseTo(2.5, within(0.01));
    }

    private Document chart(String name) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(out.resolve(name + ".svg").toFile());
    }

    private static List<Element> elements(Element svg, String name) {
        NodeList found = svg.getElementsByTagName(name);
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < found.getLength(); i++) {
            elements.add((Element) found.item(i));
        }
        return elements;
    }

    /** Returns where a text is, in a sans-serif font whose average letter is 0.55 times as wide as it is high. */
    private static Rectangle2D box(Element text) {
        double size = number(text, "font-size");
        double width = text.getTextContent().length() * size * 0.55;
        double x = number(text, "x") - switch (text.getAttribute("text-anchor")) {
            case "middle" -> width / 2;
            case "end" -> width;
            default -> 0;
        };
        return new Rectangle2D.Double(x, number(text, "y") - size * 0.75, width, size * 0.95);
    }

    private static double number(Element element, String attribute) {
        return Double.parseDouble(element.getAttribute(attribute));
    }
}
