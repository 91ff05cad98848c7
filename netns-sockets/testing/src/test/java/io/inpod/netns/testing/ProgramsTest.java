package io.inpod.netns.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The project's list of programs, which the launcher installs, and outside which the tests find none. */
@Pods(1)
class ProgramsTest {
    private static final Path LIST = Path.of(System.getenv("INPOD_PROGRAMS"));
    private static final List<String> SPECIAL = List.of("cluster", "bench");

    private static List<String> lines() throws IOException {
        return Files.readAllLines(LIST).stream().filter(line -> !line.isEmpty() && !line.startsWith("#")).toList();
    }

    /** Such programs are installed for verify --cluster or bench, and otherwise not. */
    private static boolean isSpecial(String line) {
        return SPECIAL.contains(occasion(line));
    }

    private static String occasion(String line) {
        return line.split(" ", 2)[0];
    }

    @Test
    void everyLineNamesAnOccasionAProgramAndAPackage() throws IOException {
        assertThat(lines()).allSatisfy(line ->
                assertThat(line).matches("(run|build|verify|cluster|bench) +([A-Za-z0-9.+-]+|/[a-z0-9/.]+|python3:[a-z0-9_]+) +([a-z0-9][a-z0-9.+-]+|pip:[a-z-]+==[0-9.]+)( .*)?"));
        assertThat(lines().stream().filter(line -> !isSpecial(line)).map(line -> line.split(" +")[1]).toList()).doesNotHaveDuplicates();
        for (String occasion : SPECIAL) {
            assertThat(lines().stream().filter(line -> occasion(line).equals(occasion)).map(line -> line.split(" +")[1]).toList()).isNotEmpty().doesNotHaveDuplicates();
        }
    }

    @TestFactory
    Stream<DynamicTest> isInstalled() throws IOException {
        return lines().stream().filter(line -> !isSpecial(line)).map(line -> line.split(" +")).filter(words -> words[1].matches("[A-Za-z0-9.+-]+") && !words[2].startsWith("pip:"))
                .map(words -> DynamicTest.dynamicTest(words[1] + " of " + words[2], () -> Tool.require(words[1])));
    }

    @Test
    void aProgramThatIsNotListedIsNotFound(PodNetwork network) {
        assertThat(Path.of("/usr/bin/yes")).as("a program of every system").isExecutable();

        assertThatThrownBy(() -> new ProcessBuilder("yes").start()).isInstanceOf(IOException.class).hasMessageContaining("No such file");
        assertThatThrownBy(() -> Tool.run(network.node(), "yes")).isInstanceOf(AssertionError.class)
                .hasMessageContaining("yes isn't listed in " + LIST).hasMessageContaining("add a line with its Debian package");
        assertThatThrownBy(() -> Tool.run(network.node(), "sh", "-c", "yes")).isInstanceOf(IOException.class).hasMessageContaining("yes: not found");
        assertThat(List.of(System.getenv("PATH").split(":"))).allSatisfy(directory -> assertThat(directory).endsWith("/target/programs"));
    }
}
