package io.inpod.hbone.identity;

import io.inpod.hbone.Tools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/** A root that somebody has put into the development CA's directory, made by openssl. */
public final class ForeignRoot {
    private ForeignRoot() { }

    /** Creates the directory and its two files. The key's kind and the extension are options of {@code openssl req}. */
    public static void create(Path directory, String key, String subject, String extension) throws IOException, InterruptedException {
        Tools.require("openssl");
        Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        List<String> command = new ArrayList<>(List.of("openssl", "req", "-x509", "-nodes", "-subj", subject, "-out",
                directory.resolve("root-cert.pem").toString(), "-keyout", directory.resolve("root-key.pem").toString()));
        command.addAll(List.of(key.split(" ")));
        command.addAll(List.of(extension.split(" ")));
        Tools.run(command.toArray(String[]::new));
        Files.setPosixFilePermissions(directory.resolve("root-key.pem"), PosixFilePermissions.fromString("rw-------"));
    }
}
