package io.inpod.examples.cniplugin;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.testing.Tool;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The plugin's JSON, compared with that of Python on random and damaged documents, while the compiler's sanitizers watch. */
class JsonTest {
    private static final Path C = Path.of("src/test/c").toAbsolutePath();
    private static final Path MAIN = Path.of("src/main/c").toAbsolutePath();

    @TempDir
    Path directory;

    @BeforeAll
    static void tools() {
        Tool.require("gcc");
        Tool.require("python3");
    }

    @Test
    void agreesWithPython() throws Exception {
        String program = directory.resolve("scan").toString();
        run("gcc", "-std=c11", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-I" + MAIN, "-o", program,
                C.resolve("scan.c").toString(), MAIN.resolve("json.c").toString());

        String report = run("python3", C.resolve("fuzz.py").toString(), program, "6000", "1");

        assertThat(report).matches("6000 documents, \\d{4} of them objects\\s+");
    }

    private static String run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as("%s", output).isZero();
        return output;
    }
}
