package io.inpod.netns.internal;

import io.netty.util.Version;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The versions of Netty's jars in this process, which must all be the same: classes and native code of one don't fit those of another. */
public final class NettyVersions {
    /** What Netty publishes with version numbers of its own. */
    private static final String OTHERS = "netty-(tcnative|incubator|contrib|jni).*";

    private NettyVersions() {}

    /** Says that there are several, which, and what to do; empty if there is one. */
    public static Optional<String> mix() {
        Map<String, String> versions = new TreeMap<>();
        Version.identify(NettyVersions.class.getClassLoader()).forEach((jar, version) -> versions.put(jar, version.artifactVersion()));
        return mix(versions);
    }

    static Optional<String> mix(Map<String, String> versions) {
        Map<String, TreeSet<String>> jars = new TreeMap<>();
        versions.forEach((jar, version) -> {
            if (jar.startsWith("netty-") && !jar.matches(OTHERS)) {
                jars.computeIfAbsent(version, none -> new TreeSet<>()).add(jar);
            }
        });
        return jars.size() < 2 ? Optional.empty()
                : Optional.of("Netty's jars are of several versions: "
                        + jars.entrySet().stream().map(entry -> entry.getKey() + " (" + String.join(", ", entry.getValue()) + ")")
                                .collect(Collectors.joining(" and "))
                        + "; import io.inpod:inpod-bom, or io.netty:netty-bom of one version 4.2, into dependencyManagement");
    }
}
