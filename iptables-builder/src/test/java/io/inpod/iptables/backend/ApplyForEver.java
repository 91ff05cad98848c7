package io.inpod.iptables.backend;

import io.inpod.iptables.RuleSet;
import io.inpod.iptables.backend.pod.PodRulesChange;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** A program that keeps replacing one version of a pod's rules with another, in several namespaces in parallel, until it is killed. */
final class ApplyForEver {
    private static final InPodRedirection V4 = InPodRedirection.of(IpFamily.V4);
    private static final InPodRedirection V6 = InPodRedirection.of(IpFamily.V6);

    /** The versions differ in every table. */
    static final List<PodRules> VERSIONS = List.of(PodRules.of(V4.withDnsCapture(true), V6.withDnsCapture(true)),
            PodRules.of(V4.withProfile(Profile.TPROXY), V6.withProfile(Profile.TPROXY)).withGuard(false));

    private ApplyForEver() {
    }

    static RuleSet rules(int version, Backend backend) {
        return PodRulesChange.ruleSet(VERSIONS.get(version), backend);
    }

    /** Arguments: the back end, then the namespaces' files. Prints "ready" when both versions have been applied in each namespace. */
    public static void main(String[] args) throws Exception {
        Backend backend = Backends.named(args[0]).orElseThrow();
        List<RuleSet> versions = List.of(rules(0, backend), rules(1, backend));
        CountDownLatch ready = new CountDownLatch(args.length - 1);
        for (String file : Arrays.asList(args).subList(1, args.length)) {
            NetworkNamespace namespace = NetworkNamespace.open(Path.of(file));
            new Thread(() -> {
                try {
                    for (; ; ) {
                        for (RuleSet rules : versions) {
                            backend.apply(namespace, PodRules.NAMES, rules);
                        }
                        ready.countDown();
                    }
                } catch (Exception e) {
                    e.printStackTrace();
                    System.exit(1);
                }
            }).start();
        }
        ready.await();
        System.out.println("ready");
    }
}
