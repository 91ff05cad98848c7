package io.inpod.netns.doctor;

import static io.inpod.netns.doctor.LinuxCapability.CAP_NET_ADMIN;
import static io.inpod.netns.doctor.LinuxCapability.CAP_NET_RAW;
import static io.inpod.netns.doctor.LinuxCapability.CAP_SYS_ADMIN;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.error.SystemCallFailure;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * An operation that a process may or may not be able to perform in a network namespace. {@link #check} finds out by trying it, with
 * harmless requests and sockets that are closed immediately. It doesn't change the namespace; kernel modules that are loaded on demand stay
 * loaded. {@link Doctor} prints the results for all constants as a table.
 */
public enum Capability {
    /** Entering the namespace, see setns(2); a thread that is in it already needn't. */
    ENTER("enter the namespace", "CONFIG_NET_NS", CapabilityChecks::enter, CAP_SYS_ADMIN),
    /** Creating network namespaces. */
    CREATE("create network namespaces", "CONFIG_NET_NS", CapabilityChecks::create, CAP_SYS_ADMIN),
    /** Changing links, addresses, routes and rules. */
    NET_ADMIN("configure the network", "CONFIG_NET", CapabilityChecks::configure, CAP_NET_ADMIN),
    /** Raw and packet sockets. */
    NET_RAW("capture and send raw packets", "CONFIG_PACKET", CapabilityChecks::raw, CAP_NET_RAW),
    /** Marks on sockets, SO_MARK in socket(7). */
    MARK("mark sockets (SO_MARK)", "CONFIG_NET", CapabilityChecks::mark, CAP_NET_RAW, CAP_NET_ADMIN),
    /** IPv4 sockets with foreign addresses, IP_TRANSPARENT in ip(7). */
    TRANSPARENT_V4("transparent sockets, IPv4", "CONFIG_INET", CapabilityChecks::transparent4, CAP_NET_RAW, CAP_NET_ADMIN),
    /** IPv6 sockets with foreign addresses, IPV6_TRANSPARENT. */
    TRANSPARENT_V6("transparent sockets, IPv6", "CONFIG_IPV6", CapabilityChecks::transparent6, CAP_NET_RAW, CAP_NET_ADMIN),
    /** Creating user namespaces without privilege, as {@code unshare -Ur} does, see user_namespaces(7). */
    USER_NAMESPACES("create user namespaces", "CONFIG_USER_NS", CapabilityChecks::userNamespaces),
    /** The io_uring interface, see io_uring_setup(2). */
    IO_URING("io_uring", "CONFIG_IO_URING", CapabilityChecks::ioUring),
    /** The nf_tables packet filter. */
    NF_TABLES("nf_tables rules", "CONFIG_NF_TABLES", CapabilityChecks::nfTables, CAP_NET_ADMIN),
    /** Extensions of iptables in nf_tables rules, which {@code iptables-nft} writes. */
    NFT_COMPAT("iptables extensions in nf_tables", "CONFIG_NFT_COMPAT", namespace -> CapabilityChecks.extension(namespace, "MARK", 2),
            CAP_NET_ADMIN),
    /** The older packet filter of {@code iptables-legacy}. */
    IPTABLES_LEGACY("iptables-legacy rules", "CONFIG_IP_NF_IPTABLES", CapabilityChecks::legacy, CAP_NET_ADMIN),
    /** The iptables target REDIRECT, through nf_tables. */
    REDIRECT("target REDIRECT", "CONFIG_NETFILTER_XT_TARGET_REDIRECT", namespace -> CapabilityChecks.extension(namespace, "REDIRECT", 0),
            CAP_NET_ADMIN),
    /** The iptables target TPROXY, through nf_tables. */
    TPROXY("target TPROXY", "CONFIG_NETFILTER_XT_TARGET_TPROXY", namespace -> CapabilityChecks.extension(namespace, "TPROXY", 1),
            CAP_NET_ADMIN),
    /** The iptables target CONNMARK, which sets marks on connections, through nf_tables. */
    CONNTRACK_MARKS("target CONNMARK (connection marks)", "CONFIG_NETFILTER_XT_CONNMARK",
            namespace -> CapabilityChecks.extension(namespace, "CONNMARK", 1), CAP_NET_ADMIN);

    /** Tries one thing. Returns an errno, 0 if it works. */
    @FunctionalInterface
    interface Check {
        int run(NetworkNamespace namespace) throws IOException;
    }

    private final String words;
    private final String kernelOption;
    private final transient Check check;
    private final List<LinuxCapability> needed;

    Capability(String words, String kernelOption, Check check, LinuxCapability... needed) {
        this.words = words;
        this.kernelOption = kernelOption;
        this.check = check;
        this.needed = List.of(needed);
    }

    /**
     * Tries it. Takes well under a second, 10 seconds at most. May be called from any platform thread.
     *
     * @param namespace the namespace to try it in
     * @return whether it works, and if not, why not and what to do
     * @throws IllegalStateException on a virtual thread
     */
    public Availability check(NetworkNamespace namespace) {
        int errno;
        try {
            errno = check.run(namespace);
        } catch (IOException e) {
            // The namespace can't be entered, or no descriptor is free: nothing could be tried.
            return e instanceof SystemCallFailure failure
                    ? Diagnosis.of(this, failure.operation().equals("setns") ? ENTER : this, namespace, failure.errno())
                    : Availability.no(this, Availability.Cause.OTHER, String.valueOf(e.getMessage()), "see the reason");
        }
        return errno == 0 ? Availability.yes(this) : Diagnosis.of(this, this, namespace, errno);
    }

    /**
     * Tries all of them.
     *
     * @param namespace the namespace to try them in
     * @return one result for each constant, in their order
     */
    public static List<Availability> checkAll(NetworkNamespace namespace) {
        List<Availability> results = new ArrayList<>();
        for (Capability capability : values()) {
            results.add(capability.check(namespace));
        }
        return List.copyOf(results);
    }

    /** {@return what it is, in a few words} */
    public String words() {
        return words;
    }

    /** The capabilities of which one is needed; empty if none is. */
    List<LinuxCapability> needed() {
        return needed;
    }

    /** The option that the kernel must have been built with. */
    String kernelOption() {
        return kernelOption;
    }
}
