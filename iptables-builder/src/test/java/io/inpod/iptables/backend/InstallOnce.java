package io.inpod.iptables.backend;

import io.inpod.iptables.backend.tools.IptablesTools.Variant;
import io.inpod.iptables.backend.pod.PodRulesChange;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A program that replaces TPROXY with REDIRECT in a pod, which requires an intermediate step, using tools that may kill it. */
final class InstallOnce {
    private static final InPodRedirection V4 = InPodRedirection.of(IpFamily.V4);
    private static final List<PodRules> VERSIONS = List.of(PodRules.of(V4.withProfile(Profile.TPROXY)), PodRules.of(V4.withDnsCapture(true)));

    private InstallOnce() {
    }

    static PodRulesChange change(int version, Backend backend) {
        return new PodRulesChange(VERSIONS.get(version), List.of(backend), reason -> {
        });
    }

    /** Arguments: the directory of the tools, and the namespace's file. */
    public static void main(String[] args) throws Exception {
        List<Path> directories = new ArrayList<>(List.of(Path.of(args[0])));
        directories.addAll(IptablesTools.system().directories());
        Backend backend = new IptablesBackend(IptablesTools.system().withDirectories(directories).withVariant(Variant.NFT));
        try (NetworkNamespace pod = NetworkNamespace.open(Path.of(args[1]))) {
            change(1, backend).install(pod);
        }
    }
}
