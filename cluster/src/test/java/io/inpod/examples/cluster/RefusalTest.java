package io.inpod.examples.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What {@code cluster.sh check} says on a machine that forbids something. The mounts are private, so that only the check sees them. */
@Tag("cluster")
class RefusalTest {
    @Test
    void namesTheHierarchyThatIsReadOnly() throws Exception {
        assertThat(refusal("mount -o remount,bind,ro /sys/fs/cgroup/memory"))
                .contains("cgroups: this machine permits no new cgroup: ").contains("/sys/fs/cgroup/memory/").contains("Read-only file system");
    }

    @Test
    void namesTheHierarchyThatIsMissing() throws Exception {
        assertThat(refusal("umount -l /sys/fs/cgroup/memory")).contains("cgroups: this machine has no version 1 hierarchy of: memory.");
    }

    @Test
    void namesTheMountThatIsRefused() throws Exception {
        String overlay = "mkdir /run/lower /run/o && mount -t tmpfs tmpfs /run/o && mkdir /run/o/upper /run/o/work /run/on && "
                + "mount -t overlay -o lowerdir=/run/lower,upperdir=/run/o/upper,workdir=/run/o/work overlay /run/on && "
                + "export KUBE_TEST_STATE=/run/on/state";

        assertThat(refusal(overlay)).contains("mounts: this machine refuses \"mount -t overlay ").contains("KUBE_TEST_STATE selects a directory");
    }

    @Test
    void namesThePackageThatIsMissing() throws Exception {
        Path programs = Path.of("../programs").toAbsolutePath();

        assertThat(refusal("echo 'cluster no-such-program no-such-package' >/run/programs && mount --bind /run/programs " + programs))
                .contains("programs: these Debian packages are missing: no-such-package.");
    }

    @Test
    void namesWhatHasToDoWithTheNetwork() throws Exception {
        assertThat(refusal("set -- setpriv --bounding-set -net_admin --inh-caps -net_admin \"$@\""))
                .contains("network: this machine refuses \"ip link set lo up\": ").contains("Operation not permitted");
    }

    /** Runs the check after a preparation, in a mount namespace of its own. */
    private static String refusal(String preparation) throws IOException, InterruptedException {
        Kit kit = Kit.named(Names.unique("refusal"));
        ProcessBuilder check = kit.process(List.of("check"));
        check.command("unshare", "--mount", "--propagation", "private", "sh", "-c",
                "mount -t tmpfs tmpfs /run && " + preparation + " && exec \"$@\"", "sh", kit.script().toString(), "check");
        try {
            return "nothing: " + kit.run(check, "check");
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
