package io.inpod.iptables.backend.internal.nft.expr;

import io.inpod.iptables.AddressRange;
import io.inpod.iptables.AddressRangeMatch;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Mark;
import io.inpod.iptables.Match;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.Side;
import io.inpod.iptables.internal.InterfaceNames;
import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Conditions that iptables-nft and nft write with the same native expressions: addresses, interfaces, marks. Methods that write return
 * the list that they write to.
 */
public final class Basics {
    private static final int NAME_LENGTH = 16;

    // shared by nearly all rules; expressions are immutable
    private static final Expr.Meta PROTOCOL = new Expr.Meta(Expr.Meta.L4PROTO);
    private static final Expr.Meta MARK = new Expr.Meta(Expr.Meta.MARK);
    private static final Expr.Cmp TCP = new Expr.Cmp(Expr.Cmp.EQ, Octets.u8(Protocol.TCP.number()));
    private static final Octets NO_FLIP = Octets.zeros(4);

    private Basics() {}

    public static int nfproto(IpFamily family) {
        return family.number();
    }

    /** Returns the offset of an address in the header of its family. */
    public static int offset(IpFamily family, boolean source) {
        return family == IpFamily.V4 ? source ? 12 : 16 : source ? 8 : 24;
    }

    /** Writes a condition on an address. For a prefix of whole bytes, only these are loaded. */
    public static List<Expr> address(List<Expr> to, IpPrefix prefix, boolean source, boolean negated) {
        return address(to, prefix, source, negated, prefix.length() % 8 == 0 && prefix.length() > 0);
    }

    /** Writes a condition on an address, of which all bytes are loaded. */
    public static List<Expr> wholeAddress(List<Expr> to, IpPrefix prefix, boolean source, boolean negated) {
        return address(to, prefix, source, negated, prefix.length() == prefix.family().bits());
    }

    /** Loads the bytes of the prefix alone if these are whole; otherwise all bytes, which are masked. */
    private static List<Expr> address(List<Expr> to, IpPrefix prefix, boolean source, boolean negated, boolean whole) {
        byte[] bytes = prefix.address().getAddress();
        int loaded = whole ? prefix.length() / 8 : bytes.length;
        to.add(new Expr.Payload(Expr.Payload.NETWORK, offset(prefix.family(), source), loaded));
        if (!whole) {
            to.add(new Expr.Bitwise(Octets.of(mask(prefix.length(), loaded)), Octets.zeros(loaded)));
        }
        to.add(new Expr.Cmp(Expr.Cmp.op(negated), Octets.of(whole && loaded < bytes.length ? Arrays.copyOf(bytes, loaded) : bytes)));
        return to;
    }

    private static byte[] mask(int length, int bytes) {
        byte[] mask = new byte[bytes];
        for (int bit = 0; bit < length; bit++) {
            mask[bit >> 3] |= (byte) (0x80 >> (bit & 7));
        }
        return mask;
    }

    /** The address that a condition compares with. */
    public record Address(IpPrefix prefix, boolean negated) {
    }

    public static Optional<Address> readAddress(Cursor cursor, IpFamily family, int loaded) {
        int length = loaded * 8;
        Optional<Expr.Bitwise> bitwise = cursor.next(Expr.Bitwise.class);
        if (bitwise.isPresent()) {
            length = prefixLength(bitwise.get().mask());
        }
        Optional<Expr.Cmp> cmp = equality(cursor);
        if (cmp.isEmpty() || cmp.get().data().length() != loaded || length < 0 || bitwise.isPresent() && !bitwise.get().flip().isZero()) {
            return Optional.empty();
        }
        IpPrefix prefix = new IpPrefix(address(Arrays.copyOf(cmp.get().data().array(), family.bits() / 8)), length);
        return Optional.of(new Address(prefix, cmp.get().op() == Expr.Cmp.NEQ));
    }

    /** Writes a condition on a range of addresses: two comparisons, or for the opposite a range, as nft does. */
    public static List<Expr> addressRange(List<Expr> to, AddressRangeMatch match) {
        Octets first = Octets.of(match.range().first().getAddress());
        Octets last = Octets.of(match.range().last().getAddress());
        to.add(new Expr.Payload(Expr.Payload.NETWORK, offset(match.range().family(), match.side() == Side.SOURCE), first.length()));
        if (match.negated()) {
            to.add(new Expr.Range(true, first, last));
        } else {
            to.add(new Expr.Cmp(Expr.Cmp.GTE, first));
            to.add(new Expr.Cmp(Expr.Cmp.LTE, last));
        }
        return to;
    }

    /** Reads a condition on a range of addresses, of which all bytes are loaded; leaves the cursor where it is if there is none. */
    public static Optional<Match> readAddressRange(Cursor cursor, IpFamily family, Side side) {
        int length = family.bits() / 8;
        int position = cursor.position();
        Optional<Expr.Range> range = cursor.next(Expr.Range.class);
        Optional<Expr.Cmp> first = range.isPresent() ? Optional.empty() : cursor.next(Expr.Cmp.class).filter(c -> c.op() == Expr.Cmp.GTE);
        Optional<Expr.Cmp> last = first.isEmpty() ? Optional.empty() : cursor.next(Expr.Cmp.class).filter(c -> c.op() == Expr.Cmp.LTE);
        Octets from = range.map(Expr.Range::from).or(() -> first.map(Expr.Cmp::data)).orElse(Octets.zeros(0));
        Octets to = range.map(Expr.Range::to).or(() -> last.map(Expr.Cmp::data)).orElse(Octets.zeros(0));
        if (from.length() != length || to.length() != length) {
            cursor.back(position);
            return Optional.empty();
        }
        return Optional.of(AddressRangeMatch.of(side, new AddressRange(address(from.array()), address(to.array())),
                range.map(Expr.Range::outside).orElse(false)));
    }

    public static InetAddress address(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // only for a wrong number of bytes
        }
    }

    /** Returns the number of leading ones, or -1 if other bits are set. */
    private static int prefixLength(Octets mask) {
        int length = 0;
        while (length < mask.length() * 8 && (mask.u8At(length >> 3) & 0x80 >> (length & 7)) != 0) {
            length++;
        }
        return Octets.of(mask(length, mask.length())).equals(mask) ? length : -1;
    }

    /**
     * Writes a condition on an interface name. iptables-nft compares the name and its zero byte, nft all 16 bytes; both mean the same. Of a
     * prefix of names, both compare its bytes alone.
     */
    public static List<Expr> name(List<Expr> to, int key, String name, boolean negated, boolean padded) {
        boolean prefix = InterfaceNames.isPrefix(name);
        byte[] encoded = (prefix ? InterfaceNames.beginning(name) : name).getBytes(StandardCharsets.UTF_8);
        int length = prefix ? encoded.length : padded ? NAME_LENGTH : encoded.length + 1;
        to.add(new Expr.Meta(key));
        to.add(new Expr.Cmp(Expr.Cmp.op(negated), Octets.of(Arrays.copyOf(encoded, length))));
        return to;
    }

    /** Reads an interface name, or without a zero byte the prefix of names. */
    public static Optional<String> readName(Expr.Cmp cmp) {
        byte[] data = cmp.data().array();
        if (data.length == 0) {
            return Optional.empty();
        }
        String text = cmp.data().text(0, data.length);
        return Optional.of(data[data.length - 1] == 0 ? InterfaceNames.single(text) : InterfaceNames.prefix(text));
    }

    public static List<Expr> protocol(List<Expr> to, int number, boolean negated) {
        to.add(PROTOCOL);
        to.add(number == Protocol.TCP.number() && !negated ? TCP : new Expr.Cmp(Expr.Cmp.op(negated), Octets.u8(number)));
        return to;
    }

    public static List<Expr> packetMark(List<Expr> to, Mark mark, boolean negated) {
        to.add(MARK);
        return mark(to, mark, negated);
    }

    /** Writes a condition on a loaded mark. */
    public static List<Expr> mark(List<Expr> to, Mark mark, boolean negated) {
        if (mark.mask() != -1) {
            to.add(new Expr.Bitwise(Octets.host32(mark.mask()), NO_FLIP));
        }
        to.add(new Expr.Cmp(Expr.Cmp.op(negated), Octets.host32(mark.value())));
        return to;
    }

    /** The mark that a condition compares with. */
    public record Marked(Mark mark, boolean negated) {
    }

    public static Optional<Marked> readMark(Cursor cursor) {
        Optional<Expr.Bitwise> bitwise = cursor.next(Expr.Bitwise.class);
        Optional<Expr.Cmp> cmp = equality(cursor);
        if (cmp.isEmpty() || cmp.get().data().length() != 4
                || bitwise.isPresent() && (!bitwise.get().flip().isZero() || bitwise.get().mask().length() != 4)) {
            return Optional.empty();
        }
        int mask = bitwise.map(b -> b.mask().hostInt(0)).orElse(-1);
        int value = cmp.get().data().hostInt(0);
        return (value & ~mask) != 0 ? Optional.empty() : Optional.of(new Marked(new Mark(value, mask), cmp.get().op() == Expr.Cmp.NEQ));
    }

    public static Optional<Expr.Cmp> equality(Cursor cursor) {
        return cursor.next(Expr.Cmp.class).filter(cmp -> cmp.op() == Expr.Cmp.EQ || cmp.op() == Expr.Cmp.NEQ);
    }
}
