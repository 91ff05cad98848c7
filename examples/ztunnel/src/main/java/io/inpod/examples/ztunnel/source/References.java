package io.inpod.examples.ztunnel.source;

import static io.inpod.netns.InPodConstants.HBONE_PORT;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.mesh.Gateway;
import io.inpod.examples.ztunnel.mesh.GatewayDestination;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** How entries of the mesh refer to each other: {@code network/address}, {@code namespace/hostname} and {@code namespace/name}. */
final class References {
    static final int MOST_PORT = 65_535;
    private static final int MOST_PORT_DIGITS = 5;

    private References() {}

    /** Returns a waypoint or a gateway, or null if it isn't there. */
    static @Nullable Gateway gateway(Node node) throws ConfigException {
        if (node.isAbsent()) {
            return null;
        }
        node.allow(Set.of("destination", "hboneMtlsPort"));
        return gateway(node.get("destination"), node.get("hboneMtlsPort"));
    }

    static Gateway gateway(Node destination, Node port) throws ConfigException {
        return new Gateway(destination(destination), port.isAbsent() ? HBONE_PORT : port(port));
    }

    private static GatewayDestination destination(Node node) throws ConfigException {
        String text = node.text();
        int slash = slash(node, text, "\"network/address\" or \"namespace/hostname\"");
        InetAddress address = Addresses.parse(text.substring(slash + 1));
        return address != null
                ? new NetworkAddress(text.substring(0, slash), address)
                : new ServiceName(namespace(node, text, slash), Hostnames.exact(node, text.substring(slash + 1)));
    }

    /** Reads a reference to a service that is a value or a key. */
    static ServiceName service(Node node, String text) throws ConfigException {
        int slash = slash(node, text, "\"namespace/hostname\"");
        return new ServiceName(namespace(node, text, slash), Hostnames.withWildcard(node, text.substring(slash + 1)));
    }

    static NetworkAddress networkAddress(Node node) throws ConfigException {
        String text = node.text();
        int slash = slash(node, text, "\"network/address\", such as \"/10.0.0.1\" in a mesh without names for networks");
        InetAddress address = Addresses.parse(text.substring(slash + 1));
        if (address == null) {
            throw node.error("must be an IP address behind the slash, not " + Hostnames.quoted(text));
        }
        return new NetworkAddress(text.substring(0, slash), address);
    }

    static String policy(Node node) throws ConfigException {
        String text = node.text();
        int slash = slash(node, text, "\"namespace/name\"");
        if (slash == text.length() - 1) {
            throw node.error("must be \"namespace/name\", not " + Hostnames.quoted(text));
        }
        return text;
    }

    private static int slash(Node node, String text, String form) throws ConfigException {
        int slash = text.indexOf('/');
        if (slash < 0 || slash != text.lastIndexOf('/')) {
            throw node.error("must be " + form + ", not " + Hostnames.quoted(text));
        }
        return slash;
    }

    private static String namespace(Node node, String text, int slash) throws ConfigException {
        if (slash == 0) {
            throw node.error("has no namespace before the slash: " + Hostnames.quoted(text));
        }
        return text.substring(0, slash);
    }

    static int port(Node node) throws ConfigException {
        return (int) node.number(1, MOST_PORT);
    }

    /** Returns the ports of apps by those of services, whose keys may be texts, because all keys of JSON are. */
    static Map<Integer, Integer> ports(Node node, int leastTarget) throws ConfigException {
        Map<Integer, Integer> targets = new HashMap<>();
        for (Node target : node.entries()) {
            int port = port(target.name());
            if (port > MOST_PORT || port == 0) {
                throw target.error("the key must be a port from 1 to " + MOST_PORT);
            }
            targets.put(port, (int) target.number(leastTarget, MOST_PORT));
        }
        return targets;
    }

    /** Returns the number that a text is without a zero before it; 0 if it is none, or has too many digits. */
    private static int port(String text) {
        if (text.isEmpty() || text.length() > MOST_PORT_DIGITS || text.charAt(0) == '0') {
            return 0;
        }
        int port = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return 0;
            }
            port = port * 10 + digit;
        }
        return port;
    }
}
