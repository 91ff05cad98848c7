package io.inpod.tproxy.relay;

import io.inpod.hbone.identity.DevelopmentCa;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;

/** A development CA that leaves nothing behind: what it reads when it is opened is deleted again. */
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
