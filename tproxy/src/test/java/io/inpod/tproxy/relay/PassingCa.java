package io.inpod.tproxy.relay;

import io.inpod.hbone.identity.DevelopmentCa;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;

/** A temporary development CA: its files are deleted as soon as it is open. */
final class PassingCa {
    private PassingCa() { }

    static DevelopmentCa open() throws IOException {
        Path directory = Files.createTempDirectory("ca");
        try {
            return DevelopmentCa.open(directory.resolve("ca"));
        } finally {
            try (var files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
