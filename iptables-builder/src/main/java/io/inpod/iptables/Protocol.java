package io.inpod.iptables;

import java.util.Locale;

/** A transport protocol that rules can ask for, see protocols(5). */
public enum Protocol {
    /** TCP, number 6. */
    TCP,
    /** UDP, number 17. */
    UDP;

    String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
