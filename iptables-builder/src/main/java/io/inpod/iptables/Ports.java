package io.inpod.iptables;

/**
 * A range of TCP or UDP ports.
 *
 * @param first the first port, 0 to 65535
 * @param last the last port, at least {@code first}, at most 65535
 */
public record Ports(int first, int last) {
    /**
     * Checks the ports.
     *
     * @param first the first port
     * @param last the last port
     * @throws IllegalArgumentException if the ports are out of range or in the wrong order
     */
    public Ports {
        if (first < 0 || last > 65535) {
            throw new IllegalArgumentException("the port range " + first + " to " + last + " is not within 0 to 65535");
        }
        if (first > last) {
            throw new IllegalArgumentException("the port range " + first + " to " + last + " ends before it begins");
        }
    }

    /**
     * Returns the range of one port.
     *
     * @param port 1 to 65535
     * @return the range
     * @throws IllegalArgumentException if it is out of range
     */
    public static Ports of(int port) {
        return new Ports(check(port), port);
    }

    static int check(int port) {
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("port " + port + " is not 1 to 65535");
        }
        return port;
    }

    /**
     * Returns the range as text.
     *
     * @param separator the character between first and last port
     * @return one number, or two
     */
    public String text(char separator) {
        return first == last ? Integer.toString(first) : first + String.valueOf(separator) + last;
    }
}
