package io.inpod.iptables;

import static io.inpod.iptables.Hook.FORWARD;
import static io.inpod.iptables.Hook.INPUT;
import static io.inpod.iptables.Hook.OUTPUT;
import static io.inpod.iptables.Hook.POSTROUTING;
import static io.inpod.iptables.Hook.PREROUTING;

import java.util.Locale;
import java.util.Set;

/** One of the kernel's tables, in alphabetical order, see iptables(8). */
public enum TableName {
    /** Decides which packets pass. */
    FILTER(INPUT, FORWARD, OUTPUT),
    /** Changes packets, for example their marks. */
    MANGLE(PREROUTING, INPUT, FORWARD, OUTPUT, POSTROUTING),
    /** Changes addresses; sees only the first packet of each connection. */
    NAT(PREROUTING, INPUT, OUTPUT, POSTROUTING),
    /** Comes before connection tracking. */
    RAW(PREROUTING, OUTPUT);

    private final Set<Hook> hooks;
    private final String text = name().toLowerCase(Locale.ROOT);

    TableName(Hook... hooks) {
        this.hooks = Set.of(hooks);
    }

    /** {@return the built-in chains of this table} */
    public Set<Hook> hooks() {
        return hooks;
    }

    @Override
    public String toString() {
        return text;
    }
}
