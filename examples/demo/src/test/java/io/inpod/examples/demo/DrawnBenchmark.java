package io.inpod.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.geom.Rectangle2D;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * What {@code ./inpod bench --from} has made of recorded results.
 *
 * @param out where its files are
 * @param table what it printed
 * @param errors what it wrote to its standard error
 * @param status its exit status
 */
record DrawnBenchmark(Path out, String table, String errors, int status) {
    /** Draws results together. */
    static DrawnBenchmark draw(Path out, Path... results) throws Exception {
        List<String> command = new ArrayList<>(List.of("python3", "-B", "../../jmh-benchmarks/src/main/python/bench", "--out", out.toString()));
        for (Path result : results) {
            command.addAll(List.of("--from", result.toString()));
        }
        Path printed = out.resolve("printed");
        Path errors = out.resolve("errors");
        Process process = new ProcessBuilder(command).redirectOutput(printed.toFile()).redirectError(errors.toFile()).start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new DrawnBenchmark(out, Files.readString(printed), Files.readString(errors), process.exitValue());
    }

    /** Returns the text from a heading on. */
    String section(String title) {
        return table.substring(table.indexOf("## " + title));
    }

    /** Returns the cells of the rows that begin with a label, in the section with a title. */
    List<List<String>> rows(String title, String label) {
        List<String> lines = section(title).lines().skip(1).takeWhile(line -> !line.startsWith("## ")).toList();
        return lines.stream().filter(line -> line.startsWith("| " + label))
                .map(row -> Arrays.stream(row.substring(1).split("\\|")).map(String::strip).toList()).toList();
    }

    /** Returns the root of a chart. */
    Element chart(String name) throws Exception {
        Document chart = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(out.resolve(name + ".svg").toFile());
        return chart.getDocumentElement();
    }

    /** Returns what the texts of a chart say. */
    List<String> words(String name) throws Exception {
        return elements(chart(name), "text").stream().map(Element::getTextContent).toList();
    }

    /** Asserts that no text of a chart is on another one or outside of it. */
    void assertReadable(String name) throws Exception {
        Element svg = chart(name);
        Rectangle2D whole = new Rectangle2D.Double(0, 0, number(svg, "width"), number(svg, "height"));
        List<Rectangle2D> boxes = new ArrayList<>();
        for (Element text : elements(svg, "text")) {
            Rectangle2D box = box(text);
            assertThat(whole.contains(box)).as(name + ": " + text.getTextContent() + " is inside").isTrue();
            assertThat(boxes).as(name + ": " + text.getTextContent() + " covers no other text").noneMatch(box::intersects);
            boxes.add(box);
        }
    }

    static List<Element> elements(Element svg, String name) {
        NodeList found = svg.getElementsByTagName(name);
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < found.getLength(); i++) {
            elements.add((Element) found.item(i));
        }
        return elements;
    }

    static double number(Element element, String attribute) {
        return Double.parseDouble(element.getAttribute(attribute));
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
}
