package io.inpod.netns;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * The {@linkplain InPodSetting settings} of a pod, as a part of its redirection: installing sets those that differ. Removing leaves them,
 * because the values are the kernel's defaults. Settings that this kernel doesn't have are skipped.
 */
public final class InPodSettings implements NamespaceChange {
    private static final Path ROOT = Path.of("/proc/sys");
    private static final String EVERY = "*";
    private static final int MOST_BYTES = 128;
    /** How many differences an error describes; a pod can have any number of interfaces. */
    private static final int MOST_IN_ERROR = 10;

    private static volatile boolean loaded;

    private final List<InPodSetting> settings;

    private InPodSettings(boolean tproxy) {
        this.settings = InPodSetting.ALL.stream().filter(setting -> tproxy || !setting.tproxyOnly()).toList();
    }

    /** A setting's file whose value is another one than it must be. */
    private record Difference(InPodSetting setting, Path file, String found) {
        String name() {
            return ROOT.relativize(file).toString().replace('/', '.');
        }

        String words() {
            return name() + " is " + found + " instead of " + setting.value() + ": " + setting.otherwise() + "; run sysctl -w " + name()
                    + "="
                    + setting.value() + " in the namespace";
        }
    }

    /**
     * Returns the settings for a kind of redirection.
     *
     * @param tproxy whether inbound connections are handed over by TPROXY
     * @return the settings
     */
    public static InPodSettings of(boolean tproxy) {
        return new InPodSettings(tproxy);
    }

    /**
     * Compares the settings of a namespace.
     *
     * @param namespace the namespace
     * @return one text for each setting that has another value, with what it breaks and how to change it; empty if there is none
     * @throws IOException if the namespace can't be entered, or a setting can't be read
     */
    public List<String> diff(NetworkNamespace namespace) throws IOException {
        return differences(namespace).stream().map(Difference::words).toList();
    }

    private List<Difference> differences(NetworkNamespace namespace) throws IOException {
        if (!loaded) {
            find(); // loads all classes before a thread enters a namespace
            loaded = true;
        }
        return namespace.<List<Difference>, IOException>call(this::find);
    }

    private List<Difference> find() throws IOException {
        List<Difference> found = new ArrayList<>();
        for (InPodSetting setting : settings) {
            for (Path file : files(setting)) {
                try {
                    String value = read(file);
                    if (!value.equals(setting.value())) {
                        found.add(new Difference(setting, file, value));
                    }
                } catch (NoSuchFileException e) {
                    // not in this kernel, or the interface has just gone
                }
            }
        }
        return found;
    }

    /** A setting is a number, which the kernel writes at once. */
    private static String read(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = new byte[MOST_BYTES];
            return new String(bytes, 0, Math.max(0, in.read(bytes)), StandardCharsets.US_ASCII).strip();
        }
    }

    private static List<Path> files(InPodSetting setting) throws IOException {
        String path = setting.name().replace('.', '/');
        int star = path.indexOf(EVERY);
        if (star < 0) {
            return List.of(ROOT.resolve(path));
        }
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> interfaces = Files.newDirectoryStream(ROOT.resolve(path.substring(0, star - 1)))) {
            interfaces.forEach(each -> files.add(each.resolve(path.substring(star + EVERY.length() + 1))));
        } catch (NoSuchFileException e) {
            // a kernel without this family
        }
        return files;
    }

    @Override
    public void install(NetworkNamespace namespace) throws IOException {
        installMissing(namespace);
    }

    @Override
    public boolean installMissing(NetworkNamespace namespace) throws IOException {
        List<Difference> done = new ArrayList<>();
        for (Difference difference : differences(namespace)) {
            try {
                write(namespace, difference.file(), difference.setting().value());
                done.add(difference);
            } catch (IOException e) {
                IOException failure = new IOException(difference.words() + " (this process can't: " + e.getMessage() + ")", e);
                for (Difference earlier : done) {
                    try {
                        write(namespace, earlier.file(), earlier.found());
                    } catch (IOException notUndone) {
                        failure.addSuppressed(notUndone);
                    }
                }
                throw failure;
            }
        }
        return !done.isEmpty();
    }

    private static void write(NetworkNamespace namespace, Path file, String value) throws IOException {
        namespace.<Object, IOException>call(() -> Files.writeString(file, value, StandardOpenOption.WRITE));
    }

    /**
     * Compares the settings of a namespace.
     *
     * @param namespace the namespace
     * @throws IOException if a setting has another value; describes the first ten, and says how many more there are. Also if the
     *         namespace can't be entered, or a setting can't be read
     */
    @Override
    public void verify(NetworkNamespace namespace) throws IOException {
        List<String> differences = diff(namespace);
        if (!differences.isEmpty()) {
            int others = differences.size() - MOST_IN_ERROR;
            throw new IOException(namespace + ": " + String.join("; ", differences.subList(0, Math.min(differences.size(), MOST_IN_ERROR)))
                    + (others > 0 ? "; and " + others + " more settings" : ""));
        }
    }

    @Override
    public void remove(NetworkNamespace namespace) {
        // the values are the kernel's defaults
    }

    @Override
    public String toString() {
        return "settings of a pod";
    }
}
