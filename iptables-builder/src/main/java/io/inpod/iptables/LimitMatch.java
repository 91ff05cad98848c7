package io.inpod.iptables;

import org.jspecify.annotations.Nullable;

/**
 * Matches at most at a certain rate, {@code -m limit}. Kept as iptables-save(8) prints what the kernel remembers: the kernel counts in
 * ten-thousandths of a second between packets, so that 60 an hour is 1 a minute, and 3000 a second is 3333 a second.
 *
 * @param rate how many packets, 1 to 10000 per second
 * @param per in what time
 * @param burst how many may come at once after a silence, 1 to 10000
 */
public record LimitMatch(int rate, Per per, int burst) implements Match {
    /** A span of time. */
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

        /** {@return its length in seconds} */
        public int seconds() {
            return seconds;
        }

        /** {@return its name in iptables-save(8)} */
        public String text() {
            return text;
        }
    }

    private static final int SCALE = 10_000;

    /**
     * Checks the numbers and brings them into the kernel's form.
     *
     * @param rate how many packets, 1 to 10000 per second
     * @param per in what time
     * @param burst how many may come at once after a silence, 1 to 10000
     * @throws IllegalArgumentException if they are out of range, or together more than the kernel's 32 bits hold
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
            throw new IllegalArgumentException("limit " + rate + "/" + per.text + " with burst " + burst + " is too slow for the kernel: lower the burst");
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

    /** The longest unit that loses little, as print_rate in iptables' libxt_limit does it. */
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
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
