package io.inpod.examples.ztunnel.source;

import org.jspecify.annotations.Nullable;

/**
 * Decides at each look at a file whether it is to be read. A file that has changed is read once two looks in a row find it the same: until
 * then it may be half written, and half a list of YAML is a list, too.
 */
final class Watched {
    /** After how many looks at which the path led to another file each time one of them is read: each was put there as a whole. */
    private static final int MOST_REPLACED = 10;
    /** How many looks later the contents are compared once more: a change within the resolution of the file's times can't be seen. */
    private static final int LOOKS_UNTIL_COMPARED = 12;

    private @Nullable FileVersion read;
    private @Nullable FileVersion seen;
    /** What was glanced at last. */
    private @Nullable FileVersion glanced;
    private int replaced;
    private int looksUntilCompared;

    /** Takes a look, and returns whether the file is to be read now. */
    boolean isDue(FileVersion now) {
        if (now.equals(read)) {
            seen = null;
            replaced = 0;
            return looksUntilCompared > 0 && --looksUntilCompared == 0;
        }
        if (now.equals(seen)) {
            return true;
        }
        replaced = seen == null || now.isSameFile(seen) ? 0 : replaced + 1;
        seen = now;
        return replaced >= MOST_REPLACED;
    }

    /**
     * Takes a glance between two looks, and returns whether the path leads to another file than the one that was read, so that it may be
     * tried at once. Each file is tried once, and none right after another one was read: changes that come one upon the other wait for
     * looks.
     */
    boolean isReplaced(FileVersion now) {
        if (read == null || looksUntilCompared > 0 || now.isSameFile(read) || glanced != null && now.isSameFile(glanced)) {
            return false;
        }
        glanced = now;
        return true;
    }

    /**
     * Takes what the file was before and after it was read, and returns whether what was read may be used. If so, it isn't due again until
     * it changes.
     */
    boolean isWhole(FileVersion before, FileVersion after) {
        boolean whole = after.equals(before) || replaced >= MOST_REPLACED && !after.isSameFile(before);
        if (whole) {
            looksUntilCompared = before.equals(read) ? 0 : LOOKS_UNTIL_COMPARED;
            read = before;
            seen = null;
            replaced = 0;
        }
        return whole;
    }

    /** Makes the file due again, because it couldn't be read. */
    void forget() {
        read = null;
    }
}
