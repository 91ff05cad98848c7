package io.inpod.iptables.backend.internal.tools;

import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.backend.tools.IptablesTools.Variant;
import io.inpod.netns.IpFamily;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Finds programs in the directories of {@link IptablesTools}. */
public final class Programs {
    private Programs() {}

    /** Finds the program of a family and an implementation for a verb, {@code save} or {@code restore}. */
    public static Path iptables(IptablesTools tools, IpFamily family, String verb) throws IOException {
        String infix = tools.variant() == Variant.SYSTEM ? "" : "-" + tools.variant().name().toLowerCase(Locale.ROOT);
        return find(tools, iptables(family) + infix + "-" + verb, "iptables");
    }

    /** Finds a program by its name, or names the Debian package that has it. */
    public static Path find(IptablesTools tools, String name, String debianPackage) throws IOException {
        for (Path directory : tools.directories()) {
            Path file = directory.resolve(name);
            if (Files.isRegularFile(file) && Files.isExecutable(file)) {
                return file;
            }
        }
        throw new FileNotFoundException(name + " is not in " + tools.directories() + "; on Debian it is in the package " + debianPackage);
    }

    /** Returns the name of a family's program, with which the names of its other programs begin. */
    public static String iptables(IpFamily family) {
        return family == IpFamily.V4 ? "iptables" : "ip6tables";
    }
}
