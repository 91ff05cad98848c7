package io.inpod.netns.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A user without privileges has the whole network in a user namespace. */
class OrdinaryUserTest {
    /** Runs as that user. */
    static final class Network {
        public static void main(String[] args) throws IOException {
            try (PodNetwork network = PodNetwork.create(List.of("web", "db"), 2)) {
                ChildProcess db = network.pod("db").start("socat", "TCP6-LISTEN:8080", "SYSTEM:hostname");
                db.awaitPort(8080);
                ChildProcess web = network.pod("web").start("sh", "-c", "hostname && exec socat -u TCP6:db:8080 -");
                web.awaitExit();
                System.out.print(web.output());
            }
        }
    }

    @Test
    void hasPodsOnSeveralNodesWithNames(@TempDir Path directory) throws Exception {
        Privilege.NAMESPACES.require();
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        for (Class<?> type : List.of(PodNetwork.class, Network.class)) {
            copyPackage(Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()), directory);
        }
        // the sandbox's PATH may lead through a home that is closed to others
        ChildJvm.Command command = ChildJvm.command(Network.class).withClassPath(directory + ":" + ChildJvm.readableClassPath(directory))
                .through("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/env", "-u", "INPOD_PROGRAMS",
                        "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "unshare", "-Urn");

        assertThat(ChildJvm.run(command)).isEqualTo("web\ndb\n");
    }

    private static void copyPackage(Path classes, Path target) throws IOException {
        Path packageName = Path.of(Network.class.getPackageName().replace('.', '/'));
        try (Stream<Path> files = Files.walk(classes.resolve(packageName))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = target.resolve(classes.relativize(file));
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
            }
        }
    }
}
