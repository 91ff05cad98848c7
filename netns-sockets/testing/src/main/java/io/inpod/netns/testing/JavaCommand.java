package io.inpod.netns.testing;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command line of another JVM like this one. */
final class JavaCommand {
    private JavaCommand() {}

    static String[] of(Class<?> main, String... arguments) {
        List<String> line = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp", classPath(), "-XX:-UsePerfData", main.getName()));
        line.addAll(List.of(arguments));
        return line.toArray(String[]::new);
    }

    /** Surefire's class path is a jar that refers to the real one, and that goes away. */
    private static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }
}
