package io.inpod.hbone.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.hbone.Tools;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.Method;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DevelopmentCaTest {
    private static final SpiffeId CLIENT = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/client");
    private static final SpiffeId SERVER = SpiffeId.parse("spiffe://cluster.local/ns/b/sa/server");
    @TempDir Path temporary;

    @Test
    void theErrorNamesTheMissingDependency() throws Exception {
        URL[] withoutBouncyCastle = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.contains("/bcp") && !entry.contains("/bcu")).map(DevelopmentCaTest::url).toArray(URL[]::new);
        try (URLClassLoader loader = new URLClassLoader(withoutBouncyCastle, ClassLoader.getPlatformClassLoader())) {
            Method open = loader.loadClass(DevelopmentCa.class.getName()).getMethod("open", Path.class);
            assertThatThrownBy(() -> open.invoke(null, temporary.resolve("ca"))).cause().isInstanceOf(IOException.class)
                    .hasMessageContaining("add org.bouncycastle:bcpkix-jdk18on to the dependencies");
        }
        assertThat(temporary.resolve("ca")).doesNotExist();
    }

    private static URL url(String entry) {
        try {
            return Path.of(entry).toUri().toURL();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(e);
        }
    }

    @Test
    void racingThreadsShareOneRoot() throws Exception {
        Path directory = temporary.resolve("a/b/ca");
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            CountDownLatch go = new CountDownLatch(1);
            List<Future<WorkloadCertificate>> all = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                all.add(threads.submit(() -> {
                    go.await();
                    return DevelopmentCa.open(directory).certificate(CLIENT);
                }));
            }
            go.countDown();
            Set<Object> roots = new HashSet<>();
            for (Future<WorkloadCertificate> f : all) {
                roots.add(f.get(30, TimeUnit.SECONDS).trustAnchors().get(0));
            }
            assertThat(roots).hasSize(1);
        } finally {
            threads.shutdown();
        }
        assertThat(Files.getPosixFilePermissions(directory)).isEqualTo(PosixFilePermissions.fromString("rwx------"));
        assertThat(Files.getPosixFilePermissions(directory.resolve("root-key.pem"))).isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }

    @Test
    void racingProcessesShareOneRoot() throws Exception {
        Path directory = temporary.resolve("ca");
        String program = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            processes.add(new ProcessBuilder(program, "-XX:-UsePerfData", "-cp", System.getProperty("java.class.path"), Opener.class.getName(), directory.toString())
                    .redirectErrorStream(true).redirectOutput(temporary.resolve("said-" + i).toFile()).start());
        }
        Set<String> serials = new HashSet<>();
        for (int i = 0; i < processes.size(); i++) {
            assertThat(processes.get(i).waitFor(60, TimeUnit.SECONDS)).isTrue();
            serials.add(Files.readString(temporary.resolve("said-" + i)));
        }
        assertThat(serials).hasSize(1).allMatch(s -> s.matches("[0-9a-f]+\n"));
    }

    /** The main method of each process. */
    static final class Opener {
        public static void main(String[] args) throws IOException {
            System.out.println(DevelopmentCa.open(Path.of(args[0])).certificate(CLIENT).trustAnchors().get(0).getSerialNumber().toString(16));
        }
    }

    @Test
    void anUnsafeDirectoryIsRefused() throws Exception {
        Path wide = Files.createDirectory(temporary.resolve("wide"));
        Files.setPosixFilePermissions(wide, PosixFilePermissions.fromString("rwxr-x---"));
        assertThatThrownBy(() -> DevelopmentCa.open(wide)).isInstanceOf(IOException.class).hasMessageContaining("chmod 700").hasMessageContaining(wide.toString());
        Path real = temporary.resolve("real");
        DevelopmentCa.open(real);
        Path link = Files.createSymbolicLink(temporary.resolve("link"), real);
        assertThatThrownBy(() -> DevelopmentCa.open(link)).isInstanceOf(IOException.class).hasMessageContaining("symbolic link");
        Path file = Files.createFile(temporary.resolve("file"));
        assertThatThrownBy(() -> DevelopmentCa.open(file)).isInstanceOf(IOException.class).hasMessageContaining("isn't a directory");
        Path dangling = Files.createSymbolicLink(temporary.resolve("dangling"), temporary.resolve("nowhere"));
        assertThatThrownBy(() -> DevelopmentCa.open(dangling)).isInstanceOf(IOException.class).hasMessageContaining("symbolic link");
    }

    @Test
    void halfFilesRecoverOrAreNamed() throws Exception {
        Path directory = temporary.resolve("ca");
        var first = DevelopmentCa.open(directory).certificate(CLIENT).trustAnchors();
        Files.delete(directory.resolve("root-cert.pem"));
        assertThat(DevelopmentCa.open(directory).certificate(CLIENT).trustAnchors()).isNotEqualTo(first);
        Path other = temporary.resolve("other");
        DevelopmentCa.open(other);
        Files.copy(other.resolve("root-key.pem"), directory.resolve("root-key.pem"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> DevelopmentCa.open(directory)).hasMessageContaining("key doesn't belong to its certificate");
        Files.delete(directory.resolve("root-key.pem"));
        assertThatThrownBy(() -> DevelopmentCa.open(directory)).hasMessageContaining("restore the key");
    }

    @Test
    void certificatesAreCachedAndRenewedAtHalfLife() throws Exception {
        Clock[] now = {Clock.systemUTC()};
        DevelopmentCa ca = DevelopmentCa.open(temporary.resolve("ca"), new TestClock(() -> now[0].instant()));
        WorkloadCertificate first = ca.certificate(CLIENT);
        assertThat(first.identity()).isEqualTo(CLIENT);
        assertThat(ca.certificate(CLIENT)).isSameAs(first);
        now[0] = Clock.offset(now[0], Duration.ofHours(13));
        assertThat(ca.certificate(CLIENT)).isNotSameAs(first);
    }

    @Test
    void theDefaultDirectory() throws Exception {
        assertThat(DevelopmentCa.defaultDirectory(Map.of("INPOD_CA_DIR", "/x/y"))).isEqualTo(Path.of("/x/y"));
        // The tests run as root of their own user namespace.
        assertThat(DevelopmentCa.defaultDirectory(Map.of("XDG_RUNTIME_DIR", "/run/user/7"))).isIn(Path.of("/run/inpod/ca"), Path.of("/run/user/7/inpod/ca"));
    }

    @Test
    void opensslAgrees() throws Exception {
        Tools.require("openssl");
        DevelopmentCa ca = DevelopmentCa.open(temporary.resolve("ca"));
        Path chain = temporary.resolve("chain.pem");
        Path key = temporary.resolve("key.pem");
        ca.issueTo(SERVER, chain, key);
        assertThat(Tools.run("openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", ca.rootCertificate().toString(), chain.toString()))
                .contains("OK");
        assertThat(Tools.run("openssl", "x509", "-in", chain.toString(), "-noout", "-ext", "subjectAltName,extendedKeyUsage,keyUsage"))
                .contains("X509v3 Subject Alternative Name: critical", "URI:" + SERVER);
        assertThat(Tools.run("openssl", "pkey", "-in", key.toString(), "-noout", "-text")).contains("NIST CURVE: P-256");
        assertThat(Files.getPosixFilePermissions(key)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ec -pkeyopt ec_paramgen_curve:P-256", "ec -pkeyopt ec_paramgen_curve:P-384", "ec -pkeyopt ec_paramgen_curve:P-521", "rsa:2048"})
    void aRootPutThereByHandIssuesUnderItsOwnName(String key) throws Exception {
        Path directory = root("-newkey " + key, "/C=XX/O=Our company/CN=Our root", "-addext keyUsage=critical,keyCertSign");
        DevelopmentCa ca = DevelopmentCa.open(directory);
        Path chain = temporary.resolve("chain.pem");
        ca.issueTo(SERVER, chain, temporary.resolve("key.pem"));
        assertThat(Tools.run("openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", ca.rootCertificate().toString(), chain.toString()))
                .contains("OK");
        assertThat(Tools.run("openssl", "x509", "-in", chain.toString(), "-noout", "-issuer")).contains("Our company", "Our root");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            rsa:1024     | /CN=x | -addext keyUsage=keyCertSign            | an RSA key of 1024 bits is too weak
            ed25519      | /CN=x | -addext keyUsage=keyCertSign            | isn't a PKCS#8 key for ECDSA or RSA
            rsa:2048     | /     | -addext keyUsage=keyCertSign            | Empty issuer DN
            rsa:2048     | /CN=x | -addext keyUsage=digitalSignature       | keyUsage has no keyCertSign
            rsa:2048     | /CN=x | -addext basicConstraints=CA:FALSE       | basicConstraints with CA:TRUE is missing
            rsa:2048     | /CN=x | -addext extendedKeyUsage=serverAuth     | doesn't have both serverAuth and clientAuth
            rsa:2048     | /CN=x | -addext nameConstraints=permitted;URI:x | it has name constraints
            rsa:2048     | /CN=x | -addext 1.2.3.4=critical,DER:0500       | a critical extension that isn't known
            """)
    void aRootThatPeersWouldRefuseIsRefusedByName(String key, String subject, String extension, String why) throws Exception {
        Path directory = root("-newkey " + key, subject, extension);
        assertThatThrownBy(() -> DevelopmentCa.open(directory)).isInstanceOf(IOException.class).hasMessageContaining(why)
                .hasMessageContaining("root-");
    }

    @Test
    void anIntermediateIsNoRoot() throws Exception {
        Path directory = root("-newkey rsa:2048", "/CN=Root", "-addext keyUsage=keyCertSign");
        Path other = root("-newkey rsa:2048 -CA " + directory.resolve("root-cert.pem") + " -CAkey " + directory.resolve("root-key.pem"), "/CN=Intermediate",
                "-addext keyUsage=keyCertSign");
        assertThatThrownBy(() -> DevelopmentCa.open(other)).isInstanceOf(IOException.class).hasMessageContaining("it was issued by CN=Root");
    }

    @Test
    void noCertificateOutlivesItsRoot() throws Exception {
        Path directory = root("-newkey rsa:2048 -days 1", "/CN=x", "-addext keyUsage=keyCertSign");
        Instant end = Pem.readCertificate(directory.resolve("root-cert.pem")).getNotAfter().toInstant();
        Instant[] now = {end.minusSeconds(3600)};
        DevelopmentCa ca = DevelopmentCa.open(directory, new TestClock(() -> now[0]));
        WorkloadCertificate first = ca.certificate(CLIENT);
        assertThat(first.chain().get(0).getNotAfter().toInstant()).isEqualTo(end);
        now[0] = end.minusSeconds(1799);
        assertThat(ca.certificate(CLIENT)).isNotSameAs(first);
        now[0] = end.plusSeconds(1);
        assertThatThrownBy(() -> ca.certificate(CLIENT)).isInstanceOf(IOException.class).hasMessageContaining("has expired");
    }

    private Path root(String key, String subject, String extension) throws Exception {
        Path directory = temporary.resolve("root" + Files.list(temporary).count());
        ForeignRoot.create(directory, key, subject, extension);
        return directory;
    }
}
