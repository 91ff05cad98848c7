package io.inpod;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The ports, marks and addresses of in-pod redirection occur in {@code InPodConstants} and in no other main source, except in comments. */
class InPodConstantsTest {
    private static final String HOME = "InPodConstants.java";
    private static final List<String> LITERALS = List.of("15001", "15006", "15008", "15053", "15080", "0x539", "1337", "0x111", "0xfff", "32764",
            "169.254.7.127", "fd16:9254:7127:1337:ffff:ffff:ffff:ffff");
    private static final Pattern LITERAL = Pattern.compile("(?<![\\w.:])(" + String.join("|", LITERALS.stream().map(Pattern::quote).toList()) + ")(?![\\w:])");
    /** Also matches strings, so that their contents aren't mistaken for comments. */
    private static final Pattern COMMENT = Pattern.compile("(\"\"\".*?\"\"\"|\"(?:\\\\.|[^\"\\\\\n])*+\"|'(?:\\\\.|[^'\\\\])+')|//[^\n]*|/\\*.*?\\*/", Pattern.DOTALL);

    @Test
    void haveOneHome() throws IOException {
        List<String> found = new ArrayList<>();
        List<String> home = new ArrayList<>();
        List<Path> sources = mainSources();
        for (Path source : sources) {
            String code = COMMENT.matcher(Files.readString(source)).replaceAll("$1");
            List<String> literals = LITERAL.matcher(code).results().map(match -> match.group(1)).toList();
            if (source.endsWith(HOME)) {
                home.addAll(literals);
            } else if (!literals.isEmpty()) {
                found.add(source + ": " + literals);
            }
        }
        assertThat(found).as("main sources that should use InPodConstants").isEmpty();
        assertThat(home).as("what is looked for").containsAll(LITERALS.stream().filter(literal -> !literal.equals("1337")).toList());
        assertThat(sources).hasSizeGreaterThan(400);
    }

    private static List<Path> mainSources() throws IOException {
        Path root = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(root.resolve("netns-sockets"))) {
            root = root.getParent();
        }
        List<Path> sources = new ArrayList<>();
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                String name = directory.getFileName().toString();
                return name.startsWith(".") || name.equals("target") ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (file.toString().matches(".*/src/main/java/.*\\.java")) {
                    sources.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return sources;
    }
}
