package io.inpod.examples.nodeagent.doctor;

import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.backend.Detection;
import io.inpod.iptables.backend.KernelTables;
import io.inpod.iptables.pod.PodRules;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Set;

/** Whether the program that people call {@code iptables} here shows the tables that the pod's rules are in. */
final class ToolsCheck implements Check {
    @Override
    public void look(Subject pod, Findings findings) throws IOException {
        String version = version();
        if (version.isEmpty()) {
            findings.skip(Topic.TOOLS, "there is no program iptables here; none is needed");
            return;
        }
        Set<KernelTables> tables = EnumSet.noneOf(KernelTables.class);
        Detection.among(Backends.all(), pod.netns(), PodRules.NAMES).candidates().stream().filter(Detection.Candidate::holdsRules)
                .forEach(candidate -> tables.addAll(candidate.backend().tables()));
        boolean legacy = version.contains("(legacy)");
        if (legacy && tables.contains(KernelTables.IP)) {
            findings.warn(Topic.TOOLS, version + " doesn't show the pod's rules, which are in nf_tables", "use iptables-nft-save");
        } else if (!legacy && tables.equals(EnumSet.of(KernelTables.LEGACY))) {
            findings.warn(Topic.TOOLS, version + " doesn't show the pod's rules, which are in legacy tables", "use iptables-legacy-save");
        } else if (tables.equals(EnumSet.of(KernelTables.INET))) {
            findings.ok(Topic.TOOLS, "the rules are in inet tables: nft list ruleset shows them, iptables doesn't");
        } else {
            findings.ok(Topic.TOOLS, version + " shows the tables that the pod's rules are in");
        }
    }

    /** Returns the first line that it prints about itself; empty if there is none. */
    private static String version() {
        try {
            Process process = new ProcessBuilder("iptables", "--version").redirectErrorStream(true).start();
            process.getOutputStream().close();
            return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines().findFirst().orElse("");
        } catch (IOException e) {
            return "";
        }
    }
}
