package io.inpod.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Packages have no cyclic dependencies, and none is too large to survey. The table in {@code docs/architecture.md} lists the imports of
 * each package, and DocumentsTest compares it with the sources.
 */
class PackagesTest {
    private static final int MAX_FILES = 30;
    private static final int MAX_COLUMNS = 140;

    @Test
    void noCircleBetweenPackages() {
        Map<String, Set<String>> imports = new TreeMap<>();
        for (JavaClass type : Sources.CLASSES) {
            type.getDirectDependenciesFromSelf().stream().map(dependency -> dependency.getTargetClass().getBaseComponentType().getPackageName())
                    .filter(name -> name.startsWith("io.inpod.") && !name.equals(type.getPackageName()))
                    .forEach(name -> imports.computeIfAbsent(shortened(type.getPackageName()), any -> new TreeSet<>()).add(shortened(name)));
        }
        Set<Set<String>> circles = imports.keySet().stream().map(start -> circle(start, imports)).filter(circle -> circle.size() > 1).collect(Collectors.toSet());

        assertThat(circles).as("packages that import one another, directly or through others").isEmpty();
    }

    @Test
    void noPackageIsTooLarge() throws IOException {
        Map<Path, List<Path>> packages = Sources.main().stream().filter(file -> !file.endsWith("package-info.java") && !file.endsWith("module-info.java"))
                .collect(Collectors.groupingBy(Path::getParent));
        for (Map.Entry<Path, List<Path>> room : packages.entrySet()) {
            String name = Sources.name(room.getKey()).replaceFirst(".*src/main/java/", "").replace('/', '.');
            if (room.getValue().size() > MAX_FILES) {
                assertThat(Files.readString(room.getKey().resolve("package-info.java")))
                        .as("%s has %s files: divide it, or say in its package-info why it is so large (\"is this large because\")", name, room.getValue().size())
                        .containsPattern("is this large\\s+(\\* )?because");
            }
        }
    }

    @Test
    void noLineIsTooLong() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path file : Sources.main()) {
            List<String> lines = Files.readAllLines(file);
            for (int i = 0; i < lines.size(); i++) {
                if (lines.get(i).length() > MAX_COLUMNS) {
                    found.add(Sources.name(file) + ":" + (i + 1));
                }
            }
        }
        assertThat(found).as("lines longer than %s columns that the formatter can't break", MAX_COLUMNS).isEmpty();
    }

    /** Returns {@code start} and the packages that form a cycle with it. */
    private static Set<String> circle(String start, Map<String, Set<String>> imports) {
        return reached(start, imports).stream().filter(other -> other.equals(start) || reached(other, imports).contains(start)).collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> reached(String start, Map<String, Set<String>> imports) {
        Set<String> seen = new TreeSet<>();
        List<String> open = new ArrayList<>(List.of(start));
        while (!open.isEmpty()) {
            for (String next : imports.getOrDefault(open.remove(open.size() - 1), Set.of())) {
                if (seen.add(next)) {
                    open.add(next);
                }
            }
        }
        return seen;
    }

    private static String shortened(String packageName) {
        return packageName.substring("io.inpod.".length());
    }
}
