package io.inpod.iptables;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A new kind of match or target doesn't compile until every codec handles it. */
class NewKindTest {
    private static final Path SOURCES = Path.of("src/main/java");

    @TempDir
    private Path classes;

    @Test
    void aNewMatchStopsEveryCodec() throws IOException {
        String kind = "package io.inpod.iptables;\npublic record NewMatch() implements Match {\n"
                + "    @Override public <R extends @org.jspecify.annotations.Nullable Object> R accept(MatchVisitor<R> visitor) { return visitor.visit(this); }\n}\n";
        assertThat(broken(Map.of(
                "NewMatch", kind,
                "Match", source("Match").replace("NthMatch, ConnlimitMatch {", "NthMatch, ConnlimitMatch, NewMatch {"),
                "MatchVisitor", source("MatchVisitor").replaceFirst("}\\s*$", "    R visit(NewMatch match);\n}\n")), "MatchVisitor<"))
                .containsExactly("CompatMatches", "MatchTraits", "NativeMatches", "NftMatch", "RuleText");
    }

    @Test
    void aNewTargetStopsEveryCodec() throws IOException {
        String kind = "    record NewTarget() implements Target {\n"
                + "        @Override public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) { return visitor.visit(this); }\n    }\n";
        assertThat(broken(Map.of(
                "Target", source("Target").replaceFirst("}\\s*$", kind + "}\n"),
                "TargetVisitor", source("TargetVisitor").replaceFirst("}\\s*$", "    R visit(Target.NewTarget target);\n}\n")), "TargetVisitor<"))
                .containsExactly("NativeTargets", "NftTarget", "TargetText", "TargetTraits", "XtTargets");
    }

    private static String source(String type) throws IOException {
        return Files.readString(SOURCES.resolve("io/inpod/iptables/" + type + ".java"));
    }

    private static boolean implementsVisitor(String source, String visitor) {
        return source.contains("implements " + visitor) || source.contains("extends CommonMatches");
    }

    /** Returns those implementations of a visitor that no longer compile after some sources have changed. */
    private Set<String> broken(Map<String, String> changed, String visitor) throws IOException {
        List<JavaFileObject> units = new ArrayList<>();
        changed.forEach((type, text) -> units.add(unit(type, text)));
        try (Stream<Path> all = Files.walk(SOURCES)) {
            all.filter(path -> path.toString().endsWith(".java") && implementsVisitor(read(path), visitor)).forEach(path -> units.add(unit(name(path), read(path))));
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
        compiler.getTask(null, null, problems, List.of("-proc:none", "-implicit:none", "-d", classes.toString(), "-cp", System.getProperty("java.class.path")), null, units).call();
        Set<String> broken = new TreeSet<>();
        for (Diagnostic<? extends JavaFileObject> problem : problems.getDiagnostics()) {
            if (problem.getKind() == Diagnostic.Kind.ERROR) {
                assertThat(problem.getMessage(null)).contains("does not override abstract method").contains("visit(");
                broken.add(name(Path.of(problem.getSource().getName())));
            }
        }
        return broken;
    }

    private static String name(Path path) {
        return path.getFileName().toString().replace(".java", "");
    }

    private static String read(Path path) {
        try {
            return Files.readString(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JavaFileObject unit(String type, String text) {
        return new SimpleJavaFileObject(URI.create("string:///" + type + ".java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return text;
            }
        };
    }
}
