package io.inpod.architecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The input of this module's tests: the classes of all modules except the benchmarks, and their sources. */
final class Sources {
    static final JavaClasses CLASSES = new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests())
            .withImportOption(location -> !location.contains("-tests.jar")).importPackages("io.inpod");

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    private Sources() {}

    /** All files below a {@code src/main/java}. */
    static List<Path> main() throws IOException {
        try (Stream<Path> files = Files.walk(ROOT)) {
            return files.filter(file -> file.toString().endsWith(".java") && name(file).contains("src/main/java/") && !name(file).contains("/target/")).sorted().toList();
        }
    }

    /** Returns a file's name relative to the project's root. */
    static String name(Path file) {
        return ROOT.relativize(file).toString();
    }
}
