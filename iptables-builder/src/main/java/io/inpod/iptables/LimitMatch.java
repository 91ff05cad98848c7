package io.inpod.iptables;

import org.jspecify.annotations.Nullable;

/**
 * A limit of the rate at which packets match, {@code -m limit}. The value is stored as iptables-save(8) prints it: the kernel counts
 * ten-thousandths of a second between packets, so that 60 per hour is 1 per minute, and 3000 per second is 3333 per second.
 *
 * @param rate the number of packets per unit of time, at most 10000 per second
 * @param per the unit of time
 * @param burst the number of packets that match at once after a pause, 1 to 10000
 */
public record LimitMatch(int rate, Per per, int burst) implements Match {
    /** A unit of time. */
    public enum Per {
        /** One second. */
        SECOND(1, "sec"),
        /** One minute. */
        MINUTE(60, "min"),
        /** One hour. */
        HOUR(3600, "hour"),
        /** One day. */
        DAY(86400, "day");

        private final int seconds;
        private final String text;

        Per(int seconds, String text) {
            this.seconds = seconds;
            this.text = text;
        }

        /** {@return the length in seconds} */
        public int seconds() {
            return seconds;
        }

        /** {@return the name in iptables-save(8)} */
        public String text() {
            return text;
        }
    }

    private static final int SCALE = 10_000;

    /**
     * Checks the numbers and converts them to the kernel's form.
     *
     * @param rate the number of packets
     * @param per the unit of time
     * @param burst the size of a burst
     * @throws IllegalArgumentException if a number is out of range, or their product exceeds the kernel's 32 bits
     */
    public LimitMatch {
        if (rate < 1 || rate > SCALE * per.seconds) {
            throw new IllegalArgumentException("limit rate " + rate + "/" + per.text + " is not 1 to " + SCALE + " per second");
        }
        if (burst < 1 || burst > SCALE) {
            throw new IllegalArgumentException("limit burst " + burst + " is not 1 to " + SCALE);
        }
        long period = period(rate, per);
        if (period * burst > 0xffffffffL) {
            throw new IllegalArgumentException(
                    "limit " + rate + "/" + per.text + " with burst " + burst + " is too slow for the kernel: lower the burst");
        }
        per = unit(period);
        rate = (int) ((long) SCALE * per.seconds / period);
        for (long again = period(rate, per); again != period; again = period(rate, per)) { // rounding may need a second look
            period = again;
            per = unit(period);
            rate = (int) ((long) SCALE * per.seconds / period);
        }
    }

    private static long period(int rate, Per per) {
        return (long) SCALE * per.seconds / rate;
    }

    /** The longest unit that loses little, as print_rate in iptables' libxt_limit chooses it. */
    private static Per unit(long period) {
        Per chosen = Per.DAY;
        for (Per per : new Per[] {Per.HOUR, Per.MINUTE, Per.SECOND}) {
            if (lossy(period, per)) {
                break;
            }
            chosen = per;
        }
        return chosen;
    }

    private static boolean lossy(long period, Per per) {
        long scaled = (long) SCALE * per.seconds;
        return period > scaled || scaled / period < scaled % period;
    }

    @Override
    public boolean isCounting() {
        return true;
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
