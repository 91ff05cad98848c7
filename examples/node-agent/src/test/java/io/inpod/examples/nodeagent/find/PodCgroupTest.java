package io.inpod.examples.nodeagent.find;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A pod's uid is found in the paths of all runtimes and drivers, and no pod can write another's into its own. */
class PodCgroupTest {
    private static final String UID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
    private static final String UNDERSCORES = UID.replace('-', '_');
    private static final String OTHER = "11111111-2222-3333-4444-555555555555";
    private static final String CONTAINER = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    private final PodCgroup cgroups = new PodCgroup(List.of(UID, "shop-web"));

    @ParameterizedTest
    @ValueSource(strings = {
            "0::/kubepods/burstable/podU/C", // cgroupfs
            "0::/kubepods/podU/C", // guaranteed
            "4:memory:/kubepods/besteffort/podU/C\n1:name=systemd:/kubepods/besteffort/podU/C\n0::/", // version 1
            "4:memory:/kubepods/podU/C\n0::/system.slice/containerd.service", // both versions
            "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podV.slice/cri-containerd-C.scope", // systemd
            "0::/kubepods.slice/kubepods-podV.slice/crio-C.scope",
            "0::/kubepods.slice/kubepods-podV.slice/docker-C.scope",
            "0::/kubepods.slice/kubepods-podV.slice/crio-C.scope/container/init.scope", // systemd in the container
            "0::/kubepods/burstable/podU/crio-C",
            "5:cpu,cpuacct:/system.slice/containerd.service/kubepods-burstable-podV.slice:cri-containerd:C", // drivers that don't agree
            "0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-podV.slice/cri-containerd-C.scope", // kind
            "4:memory:/docker/C/kubelet/kubepods/besteffort/podU/C", // a node in a container
            "0::/system.slice/docker-C.scope/kubelet/kubepods/podU/C",
            "0::/../../../burstable/podU/C", // seen from another cgroup namespace
            "0::/../../kubepods-podV.slice/cri-containerd-C.scope",
            "0::/kubepods/podU/C/docker/C", // a container in a container
            "0::/kubepods/podU/C/kubepods/podO/C", // the name of another pod, made by this one
            "0::/kubepods/podU"})
    void thePodIsFound(String form) {
        assertThat(cgroups.uid(text(form))).contains(UID);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0::/", "", "garbage", "0::/user.slice/user-0.slice/session-1.scope", "0::/system.slice/kubelet.service", "0::/kubepods/burstable",
            "0::/podruntime.slice/containerd.service", "0::/machine.slice/libpod-C.scope", "0::/kubepods/pod/C", "0::/kubepods/podU.deleted/C", "0::/kubepods/xpodU/C",
            "4:memory:/kubepods/podU/C\n5:cpu:/kubepods/podO/C"}) // hierarchies that name different pods
    void thereIsNoPod(String form) {
        assertThat(cgroups.uid(text(form))).isEmpty();
    }

    @Test
    void theOutermostNameCounts() {
        assertThat(cgroups.uid(text("0::/kubepods/podO/C/podU/C"))).contains(OTHER);
        assertThat(cgroups.uid(text("0::/kubepods.slice/kubepods-podO.slice/crio-C.scope/kubepods-podV.slice/crio-C.scope"))).isEqualTo(cgroups.uid(text("0::/podO")));
        assertThat(cgroups.uid(text("0::/podO/podshop-web"))).contains(OTHER);
    }

    @Test
    void aUidMayBeAnyText() {
        assertThat(cgroups.uid("0::/kubepods/podshop-web/c")).contains("shop-web");
        assertThat(cgroups.uid("0::/kubepods.slice/kubepods-podshop_web.slice/crio-c.scope")).contains("shop-web");
        assertThat(new PodCgroup(List.of("a-b", "a_b", "c")).uid("0::/kubepods/poda-b")).as("one of two that look alike").isEmpty();
        assertThat(new PodCgroup(List.of("a-b", "a-b")).uid("0::/kubepods/poda-b")).contains("a-b");
        String hash = "abcdef0123456789abcdef0123456789"; // a static pod
        assertThat(cgroups.uid("0::/kubepods/pod" + hash + "/" + CONTAINER)).contains(hash);
    }

    private static String text(String form) {
        return form.replaceAll("\\bC\\b", CONTAINER).replaceAll("podU\\b", "pod" + UID).replaceAll("podV\\b", "pod" + UNDERSCORES).replaceAll("podO\\b", "pod" + OTHER)
                + "\n";
    }
}
