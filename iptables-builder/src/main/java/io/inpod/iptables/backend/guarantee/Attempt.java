package io.inpod.iptables.backend.guarantee;

import java.util.List;

/**
 * How one guarantee is tried.
 *
 * @param guarantee the guarantee
 * @param expected where the packets should arrive, or {@link TrialTraffic#SILENCE}
 * @param packets one, or several of which none should arrive
 */
record Attempt(Guarantee guarantee, String expected, List<TrialPacket> packets) {
    boolean isInVain() {
        return expected.equals(TrialTraffic.SILENCE);
    }
}
