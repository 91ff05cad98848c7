package io.inpod.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Checks the statements of the documents, as far as a test can. A snippet is code in a test between two comments that name the documents in
 * which it appears: {@code // README.md, docs/tproxy.md: begin} and {@code : end}.
 */
class DocumentsTest {
    private static final Path ROOT = Path.of("../..");
    private static final Pattern MARKER = Pattern.compile("// ((?:[\\w/-]+\\.md)(?:, [\\w/-]+\\.md)*): (begin|end)");
    private static final Pattern LINK = Pattern.compile("!?\\[[^\\]]*\\]\\(([^)\\s]+)\\)");
    private static final Pattern OPTION = Pattern.compile("(?<![\\w-])(--[a-z][a-z0-9-]+)");
    private static final Pattern VARIABLE = Pattern.compile("[`\"]([A-Z][A-Z0-9_]+)[`\"]");
    private static final Pattern IMPORT = Pattern.compile("(?m)^import (?:static )?io\\.inpod\\.([a-z.]+)\\.[A-Z]");
    private static final int SNIPPET_LINES = 12;
    private static final int SNIPPET_COLUMNS = 100;
    /** Words at which a native reader stumbles. */
    private static final Pattern NOT_ENGLISH = Pattern.compile("(?i)\\b(for ever|anew|outside of|whoever|who doesn't care|nobody knows)\\b");

    @Test
    void showTestedCode() throws IOException {
        Map<String, List<String>> tested = snippets();
        for (Map.Entry<String, List<String>> document : tested.entrySet()) {
            assertThat(blocks(document.getKey(), "java")).as("Java code in " + document.getKey()).containsExactlyInAnyOrderElementsOf(document.getValue());
        }
        for (String document : documents()) {
            assertThat(blocks(document, "java")).as("Java code in " + document + " that no test runs")
                    .isSubsetOf(tested.getOrDefault(document, List.of()));
        }
    }

    @Test
    void theReadmeIsBrief() throws IOException {
        for (String snippet : blocks("README.md", "java")) {
            assertThat(snippet.lines().count()).as(snippet).isLessThanOrEqualTo(SNIPPET_LINES);
            assertThat(snippet.lines()).allMatch(line -> line.length() <= SNIPPET_COLUMNS);
        }
        assertThat(Files.readString(ROOT.resolve("README.md"))).contains("./inpod demo", "./inpod verify", "docs/images/packet-path.svg");
    }

    /** Each exception in docs/security.md begins with the one in the README, in the same order. */
    @Test
    void sayTheSameOfWhatIsNotProtected() throws IOException {
        List<String> brief = bullets("README.md");
        List<String> whole = bullets("docs/security.md");
        assertThat(brief).isNotEmpty().hasSameSizeAs(whole);
        for (int i = 0; i < brief.size(); i++) {
            assertThat(whole.get(i)).startsWith(brief.get(i));
        }
    }

    /** The threat model says by which test each row is shown. */
    @Test
    void nameTestsThatExist() throws IOException {
        Set<String> tests = files(ROOT, path -> path.getFileName().toString().endsWith("Test.java") && !path.toString().contains("/target/")).stream()
                .map(file -> file.getFileName().toString().replace(".java", "")).collect(Collectors.toSet());
        assertThat(Pattern.compile("`(\\w+Test)`").matcher(Files.readString(ROOT.resolve("docs/security.md"))).results().map(match -> match.group(1)))
                .isNotEmpty().isSubsetOf(tests);
    }

    @Test
    void linkToWhatExists() throws IOException {
        List<String> broken = new ArrayList<>();
        for (String document : documents()) {
            for (String target : links(document)) {
                String[] parts = target.split("#", 2);
                Path file = parts[0].isEmpty() ? ROOT.resolve(document) : ROOT.resolve(document).resolveSibling(parts[0]).normalize();
                if (!Files.exists(file) || parts.length > 1 && !anchors(file).contains(parts[1])) {
                    broken.add(document + ": " + target);
                }
            }
        }
        assertThat(broken).isEmpty();
    }

    @Test
    void areAllFound() throws IOException {
        for (String folder : List.of("docs", "docs/decisions")) {
            List<String> index = links(folder + "/README.md");
            assertThat(documents()).filteredOn(document -> document.matches(folder + "/[\\w-]+\\.md") && !document.endsWith("README.md"))
                    .allMatch(document -> index.contains(document.substring(folder.length() + 1)), "is in " + folder + "/README.md");
        }
    }

    @Test
    void decisionsHaveOneForm() throws IOException {
        for (String document : documents()) {
            if (document.matches("docs/decisions/\\d{4}-.*")) {
                int number = Integer.parseInt(document.substring("docs/decisions/".length(), "docs/decisions/".length() + 4));
                assertThat(Files.readAllLines(ROOT.resolve(document)).get(0)).as(document).startsWith("# " + number + ". ");
            }
        }
    }

    @Test
    void nameCommandsAndOptionsThatExist() throws IOException {
        String launcher = Files.readString(ROOT.resolve("inpod"));
        String programs = sources("examples", "main") + sources("netns-sockets", "main") + launcher;
        for (String document : documents()) {
            for (String block : blocks(document, "")) {
                block.lines().filter(line -> line.contains("./inpod ")).forEach(line -> {
                    String call = line.substring(line.indexOf("./inpod ")).replaceAll("\\s#.*", "");
                    assertThat(launcher).as(document + ": " + line).contains("\n  " + call.split("\\s+")[1].replaceAll("[;&]", ""));
                    OPTION.matcher(call).results().forEach(option -> assertThat(programs).as(document + ": " + line).contains(option.group(1)));
                });
            }
        }
    }

    /** The table in the operators' guide lists exactly the variables that the ztunnel reads, and RUST_LOG. */
    @Test
    void nameTheZtunnelsVariables() throws IOException {
        Set<String> read = new TreeSet<>(Pattern.compile("env\\.(?:text|flag|either|number|duration)\\(\"(\\w+)\"").matcher(sources("examples/ztunnel", "main"))
                .results().map(match -> match.group(1)).toList());
        Set<String> refused = new TreeSet<>(Pattern.compile("String unsupported : new String\\[\\] \\{([^}]*)}").matcher(sources("examples/ztunnel", "main"))
                .results().flatMap(match -> VARIABLE.matcher(match.group(1)).results()).map(match -> match.group(1)).toList());
        assertThat(read).isNotEmpty();
        assertThat(refused).isNotEmpty();
        Set<String> expected = new TreeSet<>(read);
        expected.addAll(refused);
        expected.addAll(Set.of("RUST_LOG", "INPOD_CA_DIR"));
        String guide = Files.readString(ROOT.resolve("docs/operators.md"));
        Set<String> described = guide.lines().filter(line -> line.startsWith("| `")).map(line -> line.substring(0, line.indexOf(" | ")))
                .flatMap(cell -> VARIABLE.matcher(cell).results()).map(match -> match.group(1)).collect(Collectors.toCollection(TreeSet::new));
        assertThat(described).isEqualTo(expected);
    }

    /** The table of packages in docs/architecture.md matches their actual imports. */
    @Test
    void listThePackages() throws IOException {
        Map<String, Set<String>> imported = new TreeMap<>();
        for (Path file : files(ROOT, path -> path.toString().matches("(?!.*jmh-benchmarks).*/src/main/java/io/inpod/.*\\.java"))) {
            String name = file.toString().replaceFirst(".*/src/main/java/io/inpod/", "").replaceFirst("/[^/]+$", "").replace('/', '.');
            if (!name.matches("netns\\.testing|netns\\.selftest|benchmarks")) {
                Set<String> packages = imported.computeIfAbsent(name, first -> new TreeSet<>());
                IMPORT.matcher(Files.readString(file)).results().map(match -> match.group(1)).filter(other -> !other.equals(name)).forEach(packages::add);
            }
        }
        Map<String, Set<String>> listed = new TreeMap<>();
        Pattern.compile("(?m)^\\| `([\\w.]+)` \\| [^|]+ \\| ([^|]*)\\|$").matcher(Files.readString(ROOT.resolve("docs/architecture.md"))).results()
                .forEach(row -> listed.put(row.group(1), new TreeSet<>(Pattern.compile("`([\\w.]+)`").matcher(row.group(2)).results().map(match -> match.group(1)).toList())));
        assertThat(listed).isEqualTo(imported);
    }

    @Test
    void areWrittenInEnglish() throws IOException {
        for (String document : documents()) {
            assertThat(NOT_ENGLISH.matcher(prose(document)).results().map(MatchResult::group)).as(document).isEmpty();
        }
    }

    /** Returns the snippets, by document. */
    private static Map<String, List<String>> snippets() throws IOException {
        Map<String, List<String>> snippets = new TreeMap<>();
        for (Path file : files(ROOT, path -> path.toString().contains("/src/test/java/") && path.toString().endsWith("Test.java"))) {
            if (!file.endsWith("DocumentsTest.java")) {
                collect(Files.readAllLines(file), snippets);
            }
        }
        return snippets;
    }

    private static void collect(List<String> lines, Map<String, List<String>> snippets) {
        for (int i = 0; i < lines.size(); i++) {
            List<MatchResult> begin = MARKER.matcher(lines.get(i)).results().filter(match -> match.group(2).equals("begin")).toList();
            if (!begin.isEmpty()) {
                String documents = begin.get(0).group(1);
                List<String> snippet = new ArrayList<>();
                for (int j = i + 1; !lines.get(j).strip().equals("// " + documents + ": end"); j++) {
                    if (!MARKER.matcher(lines.get(j)).find()) { // marks a smaller snippet inside this one
                        snippet.add(lines.get(j));
                    }
                }
                for (String document : documents.split(", ")) {
                    snippets.computeIfAbsent(document, name -> new ArrayList<>()).add(String.join("\n", snippet).stripIndent());
                }
            }
        }
    }

    /** Returns the repository's Markdown files, except those among test data. */
    private static List<String> documents() throws IOException {
        return files(ROOT, path -> path.toString().endsWith(".md") && !path.toString().contains("/src/"))
                .stream().map(path -> ROOT.relativize(path).toString()).sorted().toList();
    }

    /** Returns the fenced blocks in a language, or those without a language for "". */
    private static List<String> blocks(String document, String language) throws IOException {
        List<String> blocks = new ArrayList<>();
        List<String> block = null;
        String opened = "";
        for (String line : Files.readAllLines(ROOT.resolve(document))) {
            if (!line.startsWith("```")) {
                if (block != null) {
                    block.add(line);
                }
            } else if (block == null) {
                block = new ArrayList<>();
                opened = line.substring(3);
            } else {
                if (opened.equals(language)) {
                    blocks.add(String.join("\n", block));
                }
                block = null;
            }
        }
        return blocks;
    }

    private static String prose(String document) throws IOException {
        return Files.readString(ROOT.resolve(document)).replaceAll("(?ms)^```.*?^```$", "").replaceAll("`[^`\n]*`", "");
    }

    /** Returns the bullet points of the section "What is not protected". */
    private static List<String> bullets(String document) throws IOException {
        String section = Files.readString(ROOT.resolve(document)).replaceFirst("(?s).*?\n?#+ What is not protected\n", "").replaceFirst("(?s)\n#+ .*", "");
        return Pattern.compile("(?ms)^\\* (.*?)(?=^\\* |^$|\\z)").matcher(section).results().map(match -> match.group(1).replaceAll("\\s+", " ").strip()).toList();
    }

    private static List<String> links(String document) throws IOException {
        return LINK.matcher(prose(document)).results().map(match -> match.group(1)).filter(target -> !target.contains("://")).toList();
    }

    /** Returns the anchors that GitHub generates for headings. */
    private static Set<String> anchors(Path file) throws IOException {
        return Files.readAllLines(file).stream().filter(line -> line.matches("#+ .*"))
                .map(line -> line.replaceFirst("#+ ", "").toLowerCase(Locale.ROOT).replaceAll("[^\\w\\- ]", "").replace(' ', '-')).collect(Collectors.toSet());
    }

    private static String sources(String under, String kind) throws IOException {
        StringBuilder text = new StringBuilder();
        for (Path file : files(ROOT.resolve(under), path -> path.toString().contains("/src/" + kind + "/") && path.toString().endsWith(".java"))) {
            text.append(Files.readString(file));
        }
        return text.toString();
    }

    private static List<Path> files(Path under, java.util.function.Predicate<Path> which) throws IOException {
        try (Stream<Path> all = Files.walk(under)) {
            return all.filter(path -> !path.toString().contains("/target/") && !path.toString().contains("/.git/") && !path.toString().contains("/node_modules/"))
                    .filter(which).toList();
        }
    }
}
