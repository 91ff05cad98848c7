package io.inpod.iptables.backend;

import java.util.List;
import java.util.Optional;

/** The back ends that come with this library. */
public final class Backends {
    private Backends() {}

    /** {@return all of them, the preferred first} */
    public static List<Backend> all() {
        return List.of(NetlinkBackend.iptables(), IptablesBackend.nft(), NetlinkBackend.inet(), NftBackend.system(),
                IptablesBackend.legacy());
    }

    /**
     * Finds a back end by its name.
     *
     * @param name the {@link Backend#name}
     * @return the back end, if there is one of that name
     */
    public static Optional<Backend> named(String name) {
        return all().stream().filter(backend -> backend.name().equals(name)).findFirst();
    }
}
