package io.inpod.examples.ztunnel.route;

import io.inpod.examples.ztunnel.mesh.IpFamilies;
import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which of several addresses is used. */
final class AddressChoice {
    private AddressChoice() {}

    /** Returns the first address that is allowed, of the example's family if there is one; null if none is allowed. */
    static @Nullable InetAddress choose(List<InetAddress> addresses, IpFamilies families, @Nullable InetAddress example) {
        InetAddress first = null;
        for (InetAddress address : addresses) {
            if (families.allow(address)) {
                if (example == null || address.getClass() == example.getClass()) {
                    return address;
                }
                first = first == null ? address : first;
            }
        }
        return first;
    }
}
