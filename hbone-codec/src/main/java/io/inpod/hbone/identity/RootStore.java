package io.inpod.hbone.identity;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.List;
import java.util.Set;

/** The development CA's root: two files, created by the first process that needs them. */
final class RootStore {
    /** The root certificate's file name. */
    static final String CERTIFICATE_FILE = "root-cert.pem";

    static final String KEY_FILE = "root-key.pem";
    private static final String LOCK_FILE = ".lock";
    private static final long LOCK_PATIENCE_NANOS = 30_000_000_000L;

    private RootStore() {}

    record Root(PrivateKey key, X509Certificate certificate) {}

    /** Reads the root, or creates it, under a lock between threads and between processes. */
    static Root loadOrCreate(Path directory, Clock clock) throws IOException {
        synchronized (RootStore.class) {
            try (FileChannel lockFile = FileChannel.open(directory.resolve(LOCK_FILE),
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
                    FileLock lock = lock(lockFile)) {
                assert lock.isValid();
                return locked(directory, clock);
            }
        }
    }

    /** The monitor above excludes our own threads; only a copy of this class in another class loader can overlap. */
    private static FileLock lock(FileChannel file) throws IOException {
        long start = System.nanoTime();
        while (true) {
            try {
                return file.lock();
            } catch (OverlappingFileLockException e) {
                if (System.nanoTime() - start > LOCK_PATIENCE_NANOS) {
                    throw new IOException("the development CA's lock is held by this process already", e);
                }
                Thread.onSpinWait();
            }
        }
    }

    private static Root locked(Path directory, Clock clock) throws IOException {
        Path certificateFile = directory.resolve(CERTIFICATE_FILE);
        Path keyFile = directory.resolve(KEY_FILE);
        boolean hasKey = Files.exists(keyFile, LinkOption.NOFOLLOW_LINKS);
        if (!Files.exists(certificateFile, LinkOption.NOFOLLOW_LINKS)) {
            // A crash can leave a key without its certificate, which was never published, so both are replaced.
            Root root = LeafIssuer.newRoot(clock.instant());
            Pem.write(keyFile, Pem.encode(root.key()));
            Pem.write(certificateFile, Pem.encode(List.of(root.certificate())));
            return root;
        }
        if (!hasKey) {
            throw new IOException(
                    certificateFile + " has no " + KEY_FILE + " beside it; restore the key, or remove the certificate to get a"
                            + " new root (then every peer that trusts the old root needs the new one)");
        }
        Root root = new Root(Pem.readKey(keyFile), Pem.readCertificate(certificateFile));
        check(root, directory, clock);
        return root;
    }

    private static void check(Root root, Path directory, Clock clock) throws IOException {
        try {
            RootRules.check(root, clock.instant());
        } catch (GeneralSecurityException e) {
            throw new IOException("the development CA's root can't be used: " + e.getMessage() + "; replace " + CERTIFICATE_FILE + " and "
                    + KEY_FILE + " in " + directory + ", or remove both to get a new root", e);
        }
    }
}
