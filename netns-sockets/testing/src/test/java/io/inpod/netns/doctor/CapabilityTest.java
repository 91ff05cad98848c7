package io.inpod.netns.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.ChildJvm;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.doctor.Availability.Cause;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link Pods} checks that no check leaves anything open. */
@Pods(1)
class CapabilityTest {
    private static final String FILTER = """
            import ctypes, os, platform, struct, sys
            numbers = {'x86_64': (308, 272, 425), 'aarch64': (268, 97, 425)}[platform.machine()]  # setns, unshare, io_uring_setup
            code = [(0x20, 0, 0, 0)] + [(0x15, len(numbers) - i, 0, n) for i, n in enumerate(numbers)] + [(6, 0, 0, 0x7fff0000), (6, 0, 0, 0x50001)]
            program = b''.join(struct.pack('HBBI', *line) for line in code)
            memory = ctypes.create_string_buffer(program)
            header = ctypes.create_string_buffer(struct.pack('HxxxxxxP', len(code), ctypes.addressof(memory)))
            libc = ctypes.CDLL(None, use_errno=True)
            assert libc.prctl(22, 2, header) == 0, os.strerror(ctypes.get_errno())
            os.execvp(sys.argv[1], sys.argv[1:])
            """;

    private static String doctor(String... through) throws Exception {
        return doctorEndingWith(1, through);
    }

    private static String doctorEndingWith(int exitCode, String... through) throws Exception {
        return ChildJvm.runExpecting(exitCode, ChildJvm.command(Doctor.class).through(through));
    }

    @Test
    void rootMayDoEverything(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Instant before = Instant.now();
        String rules = Tool.run(pod, "nft", "list", "ruleset");
        String links = Tool.run(pod, "ip", "-o", "addr");

        List<Availability> results = Capability.checkAll(pod);

        assertThat(results).extracting(Availability::capability).containsExactly(Capability.values());
        assertThat(results).allSatisfy(result -> {
            // a feature that the kernel lacks isn't a fault of the library
            assertThat(result.available() || result.cause() == Cause.KERNEL_CONFIGURATION).as("%s", result).isTrue();
            assertThat(result.checkedAt()).isAfterOrEqualTo(before);
        });
        assertThat(Tool.run(pod, "nft", "list", "ruleset")).isEqualTo(rules).isEmpty();
        assertThat(Tool.run(pod, "ip", "-o", "addr")).isEqualTo(links);
        assertThat(Tool.run(pod, "sh", "-c", "cat /proc/thread-self/net/ip_tables_names /proc/net/ip_tables_names")).isEmpty();
    }

    @Test
    void namesTheMissingCapability(PodNetwork network) throws Exception {
        String withoutRaw = doctorEndingWith(0, "setpriv", "--inh-caps=-all", "--bounding-set=-net_raw");
        assertThat(withoutRaw).containsPattern("capture and send raw packets +no +this process lacks CAP_NET_RAW: Operation not permitted \\(EPERM\\)")
                .containsPattern("mark sockets \\(SO_MARK\\) +yes")
                .containsPattern("configure the network +yes")
                .contains("To capture and send raw packets:");

        String withoutAdmin = doctor("setpriv", "--inh-caps=-all", "--bounding-set=-net_admin,-sys_admin");
        assertThat(withoutAdmin).containsPattern("enter the namespace +no +this process lacks CAP_SYS_ADMIN")
                .containsPattern("configure the network +no +this process lacks CAP_NET_ADMIN")
                .containsPattern("nf_tables rules +no +this process lacks CAP_NET_ADMIN")
                .containsPattern("iptables-legacy rules +no +this process lacks CAP_NET_ADMIN")
                .as("CAP_NET_RAW is enough").containsPattern("transparent sockets, IPv4 +yes");
    }

    @Test
    void anOrdinaryUserMayDoMostInsideANewUserNamespace(@TempDir Path directory) throws Exception {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));

        String inside = ChildJvm.run(ChildJvm.command(Doctor.class).withClassPath(ChildJvm.readableClassPath(directory))
                .through("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/unshare", "-Urn")); // the sandbox's PATH may lead through a home that is closed to others

        assertThat(inside).containsPattern("enter the namespace +yes").containsPattern("target TPROXY +yes").doesNotContain("CAP_");
    }

    @Test
    void namesTheFilter() throws Exception {
        assertThat(doctor("python3", "-c", FILTER))
                .containsPattern("enter the namespace +no +a system call filter \\(seccomp\\) is active")
                .containsPattern("create network namespaces +no +a system call filter")
                .containsPattern("io_uring +no +a system call filter")
                .containsPattern("create user namespaces +no +a system call filter")
                .containsPattern("nf_tables rules +yes");
    }

    @Test
    void namesTheSetting() throws Exception {
        String limits = "echo 0 > /proc/sys/user/max_net_namespaces; echo 0 > /proc/sys/user/max_user_namespaces; exec \"$0\" \"$@\"";

        assertThat(doctorEndingWith(0, "unshare", "-Urn", "sh", "-c", limits))
                .containsPattern("create network namespaces +no +the system's limit on namespaces is reached: No space left on device \\(ENOSPC\\)")
                .containsPattern("create user namespaces +no +user.max_user_namespaces=0")
                .contains("raise user.max_net_namespaces");
    }

    @Test
    void namesTheUserNamespaceWhereCapabilitiesDoNotApply(PodNetwork network) throws Exception {
        NetworkNamespace.create("ours").close();
        try {
            String output = ChildJvm.runExpecting(1, ChildJvm.command(Doctor.class).withArguments("ours").through("unshare", "-Ur"));

            assertThat(output).as("a switch that couldn't be undone isn't begun").doesNotContain("NamespaceLostError")
                    .containsPattern("create network namespaces +no +CAP_SYS_ADMIN doesn't apply")
                    .containsPattern("enter the namespace +no +CAP_SYS_ADMIN doesn't apply to this namespace, which belongs to a user namespace above");
        } finally {
            NetworkNamespace.delete("ours");
        }
    }

    @Test
    void namesWhatTheKernelLacks(PodNetwork network) {
        NetworkNamespace pod = network.pod(0).namespace();

        for (int errno : new int[] {97 /* EAFNOSUPPORT */, 38 /* ENOSYS */, 92 /* ENOPROTOOPT */}) {
            Availability lacking = Diagnosis.of(Capability.IO_URING, Capability.IO_URING, pod, errno);
            assertThat(lacking.cause()).isEqualTo(Cause.KERNEL_CONFIGURATION);
            assertThat(lacking.advice()).contains("CONFIG_IO_URING");
        }
    }

    @Test
    void anExtensionThatTheKernelLacksIsNotAvailable(PodNetwork network) throws Exception {
        assertThat(CapabilityChecks.extension(network.pod(0).namespace(), "TPROXY", 1)).isZero();
        assertThat(CapabilityChecks.extension(network.pod(0).namespace(), "TPROXY", 77)).isNotZero();
        assertThat(CapabilityChecks.extension(network.pod(0).namespace(), "NOSUCH", 0)).isNotZero();
    }

    @Test
    void theDoctorRefusesAnythingButANamespace() {
        assertThat(complaint("/dev/null")).contains("not a network namespace but a character device");
        assertThat(complaint("nobody")).contains("no network namespace of that name");
        assertThat(complaint("4194305")).contains("it has ended");
        assertThat(complaint("--help")).contains("usage: ");
        assertThat(complaint("a", "b")).contains("usage: ");
    }

    private static String complaint(String... arguments) {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        assertThat(Doctor.run(arguments, new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8)))
                .as(Arrays.toString(arguments)).isEqualTo(2);
        return err.toString(StandardCharsets.UTF_8);
    }
}
