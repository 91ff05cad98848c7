package io.inpod.iptables.text;

import io.inpod.iptables.ConnmarkMatch;
import io.inpod.iptables.ConntrackStateMatch;
import io.inpod.iptables.ConntrackStatusMatch;
import io.inpod.iptables.Mark;
import io.inpod.iptables.MarkMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.TcpFlags;
import java.util.Map;

/** Reads conditions on some bits of a field: {@code field & mask == value}. Of states, only whether any is given can be asked. */
final class NftMaskParser {
    private NftMaskParser() {}

    static void read(NftComparison found, NftConditions conditions) {
        String name = NftValue.field(found.field());
        switch (name) {
            case "meta mark" -> conditions.add(new MarkMatch(mark(found), found.negated()));
            case "ct mark" -> conditions.add(new ConnmarkMatch(mark(found), found.negated()));
            case "tcp flags" -> conditions.addHeader(Protocol.TCP,
                    Match.flags(new TcpFlags(NftFlags.TCP.kept(found), NftFlags.TCP.of(found.right()), found.negated())));
            case "ct state" -> conditions.add(new ConntrackStateMatch(NftFlags.STATES.kept(found), !NftFlags.STATES.isAny(found)));
            case "ct status" -> conditions.add(new ConntrackStatusMatch(NftFlags.STATUSES.kept(found), !NftFlags.STATUSES.isAny(found)));
            default -> throw new IllegalArgumentException("masked " + name);
        }
    }

    private static Mark mark(NftComparison found) {
        return new Mark(NftBits.constant(found.right(), Map.of()), NftBits.of(found.left(), Map.of()).mask()
                .orElseThrow(() -> new IllegalArgumentException("mark " + found.left())));
    }
}
